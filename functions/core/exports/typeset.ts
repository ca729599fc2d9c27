import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import bidiFactory from "bidi-js";

/** A stretch of a line in one font and one direction. */
interface Run {
  text: string;
  font: string;
  /** Odd: right to left. */
  level: number;
}

export interface Style {
  face: "plain" | "bold" | "mono";
  size: number;
  color: string;
}

export interface Typesetter {
  /** Sets text from a place downwards, over as many pages as it takes. Moves `doc.y` below it. */
  block(text: string, style: Style, place: { x: number; y: number; width: number }): void;
  /** Sets one line, cut by nothing; `align` says what `x` is. */
  line(text: string, style: Style, place: { x: number; y: number; align?: "center" }): void;
  /** Whether a □ stands for something. */
  isLacking(): boolean;
}

const packaged = (path: string) => fileURLToPath(import.meta.resolve(path));
const own = {
  plain: "dejavu-fonts-ttf/ttf/DejaVuSans.ttf",
  bold: "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf",
  mono: "dejavu-fonts-ttf/ttf/DejaVuSansMono.ttf",
  emoji: "@expo-google-fonts/noto-emoji/400Regular/NotoEmoji_400Regular.ttf",
  thai: "@fontsource/noto-sans-thai/files/noto-sans-thai-thai-400-normal.woff",
  devanagari: "@fontsource/noto-sans-devanagari/files/noto-sans-devanagari-devanagari-400-normal.woff",
};
const isEmoji = /\p{Emoji_Presentation}|\ufe0f/u;
const hasNoLetter = /^[\s\p{DI}]$/u;
/** Marks that order text and are never printed. */
const orderMarks = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const bidi = bidiFactory();
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const words = new Intl.Segmenter(undefined, { granularity: "word" });

interface OpenFont {
  ascender: number;
  lineHeight(size: number, withGap: boolean): number;
  font: { hasGlyphForCodePoint(code: number): boolean };
}

/**
 * Sets text of any script into a PDF: each character in a font that has it, lines broken between words, right to left
 * where the text runs so. Only what is used of a font goes into the file. `moreFonts` are tried after our own.
 */
export function openTypesetter(doc: PDFKit.PDFDocument, moreFonts: readonly string[]): Typesetter {
  const more = moreFonts.filter((path) => existsSync(path));
  for (const [name, path] of Object.entries(own)) doc.registerFont(name, packaged(path));
  for (const path of more) doc.registerFont(path, path);
  const others = ["thai", "devanagari", ...more, "emoji"];
  const chosen = new Map<string, string | null>();
  const widths = new Map<string, number>();
  let lacking = false;

  function open(name: string): OpenFont {
    doc.font(name);
    return (doc as unknown as { _font: OpenFont })._font;
  }

  /** Which font has all of a character, as people count them. */
  function fontOf(character: string, face: Style["face"]): string | null {
    const key = `${face} ${character}`;
    const known = chosen.get(key);
    if (known !== undefined) return known;
    const codes = [...character].filter((one) => !hasNoLetter.test(one));
    const order = isEmoji.test(character) ? ["emoji", face, ...others] : [face, ...others];
    const name = order.find((name) => {
      const { font } = open(name);
      return codes.every((one) => font.hasGlyphForCodePoint(one.codePointAt(0) ?? 0));
    });
    chosen.set(key, name ?? null);
    return name ?? null;
  }

  /** The runs of a stretch in the order they are read. */
  function runsOf(text: string, face: Style["face"], levels: Uint8Array, from = 0): Run[] {
    const runs: Run[] = [];
    for (const { segment, index } of graphemes.segment(text)) {
      const font = fontOf(segment, face);
      lacking ||= font === null;
      const level = levels[from + index] ?? 0;
      const mirrored = level % 2 ? (bidi.getMirroredCharacter(segment) ?? segment) : segment;
      const shown = font === null ? "□" : mirrored.replace(orderMarks, "");
      const last = runs.at(-1);
      if (last && last.font === (font ?? face) && last.level === level) last.text += shown;
      else runs.push({ text: shown, font: font ?? face, level });
    }
    return runs;
  }

  const widthOf = (runs: readonly Run[], size: number) =>
    runs.reduce((sum, { font, text }) => sum + doc.font(font).fontSize(size).widthOfString(text), 0);

  /** Lines of a paragraph, each as its range. */
  function breakLines(text: string, style: Style, levels: Uint8Array, width: number): [number, number][] {
    const widthFrom = (from: number, part: string) => {
      const key = `${style.face} ${style.size} ${part}`;
      const known = widths.get(key) ?? widthOf(runsOf(part, style.face, levels, from), style.size);
      widths.set(key, known);
      return known;
    };
    const lines: [number, number][] = [];
    let [start, end, used] = [0, 0, 0];
    for (const unit of unitsOf(text)) {
      const isTooLong = widthFrom(end, unit.trimEnd()) > width;
      for (const part of isTooLong ? [...graphemes.segment(unit)].map(({ segment }) => segment) : [unit]) {
        if (end > start && used + widthFrom(end, part.trimEnd()) > width) {
          lines.push([start, end]);
          [start, used] = [end, 0];
        }
        used += widthFrom(end, part);
        end += part.length;
      }
    }
    lines.push([start, end]);
    return lines;
  }

  function draw(runs: Run[], { size, color }: Style, x: number, baseline: number): void {
    let left = x;
    for (const { text, font, level } of visualOrder(runs)) {
      const isTurned = level % 2 === 1;
      // With features, even none, pdfkit shapes a run as a whole, and letters that run right to left are turned.
      const options: PDFKit.Mixins.TextOptions = { lineBreak: false, baseline: "alphabetic" };
      if (isTurned) options.features = [];
      const shown = isTurned && !/\p{L}/u.test(text) ? [...text].reverse().join("") : text;
      doc.font(font).fontSize(size).fillColor(color).text(shown, left, baseline, options);
      left += doc.widthOfString(shown, options);
    }
  }

  /** Room above the baseline and in all, so that tall scripts do not touch the line above. */
  function roomOf(runs: readonly Run[], { face, size }: Style): { above: number; height: number } {
    const fonts = [face, ...new Set(runs.map(({ font }) => font))].map(open);
    return {
      above: (Math.max(...fonts.map(({ ascender }) => ascender)) / 1000) * size,
      height: Math.max(...fonts.map((font) => font.lineHeight(size, true))),
    };
  }

  return {
    block(text, style, { x, y, width }) {
      doc.y = y;
      for (const paragraph of printable(text).split("\n")) {
        const { levels, paragraphs } = bidi.getEmbeddingLevels(paragraph);
        const isFromRight = (paragraphs[0]?.level ?? 0) % 2 === 1;
        for (const [from, to] of breakLines(paragraph, style, levels, width)) {
          const runs = runsOf(paragraph.slice(from, to).trimEnd(), style.face, levels, from);
          const room = roomOf(runs, style);
          if (doc.y + room.height > doc.page.maxY()) doc.addPage();
          const top = doc.y;
          draw(runs, style, isFromRight ? x + width - widthOf(runs, style.size) : x, top + room.above);
          doc.y = top + room.height;
        }
      }
    },
    line(text, style, { x, y, align }) {
      const shown = printable(text).replaceAll("\n", " ");
      const runs = runsOf(shown, style.face, bidi.getEmbeddingLevels(shown).levels);
      const left = align ? x - widthOf(runs, style.size) / 2 : x;
      draw(runs, style, left, y + roomOf(runs, style).above);
    },
    isLacking: () => lacking,
  };
}

/** A tab or a carriage return is no letter, and fonts show a box of their own for it. */
function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(/(?!\n)[\p{Cc}\u2028\u2029]/gu, " ");
}

/** What a line may not be broken within: a word with the punctuation that belongs to it and the space after it. */
function unitsOf(text: string): string[] {
  const units: string[] = [];
  for (const { segment } of words.segment(text)) {
    const last = units.at(-1);
    const isClosing = /^[\p{P}\p{S}]/u.test(segment) && !/^[\p{Ps}\p{Pi}]/u.test(segment);
    const belongs = /^\s/.test(segment) || isClosing || /^\p{P}+$/u.test(last ?? "");
    if (last !== undefined && belongs && (/^\s/.test(segment) || !/\s$/.test(last)))
      units[units.length - 1] = last + segment;
    else units.push(segment);
  }
  return units;
}

/** Rule L2 of Unicode's bidirectional algorithm, on runs. */
function visualOrder(runs: readonly Run[]): Run[] {
  const order = [...runs];
  const highest = Math.max(0, ...runs.map(({ level }) => level));
  for (let level = highest; level > 0; level--) {
    let from = 0;
    while (from < order.length) {
      let to = from;
      while (to < order.length && (order[to]?.level ?? 0) >= level) to++;
      if (to > from) order.splice(from, to - from, ...order.slice(from, to).reverse());
      from = to + 1;
    }
  }
  return order;
}
