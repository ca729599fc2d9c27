import { inflateSync } from "node:zlib";

export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const unescapeXml = (text: string) =>
  text.replace(/&(\w+);/g, (_, name: string) => {
    const character = entities[name];
    if (character === undefined) throw new Error(`unknown entity ${name}`);
    return character;
  });

/** A strict reader of the XML our exporters write: elements, attributes, text; anything unbalanced throws. */
export function parseXml(text: string): Element {
  const token = /<\?xml[^>]*\?>|<!DOCTYPE [\w]+>|<(\/)?([\w-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/)?>|([^<]+)/gy;
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  let at = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    at = token.lastIndex;
    const [, isEnd, name, attributes = "", isEmpty, chars] = match;
    const parent = open.at(-1) as Element;
    if (chars !== undefined) parent.text += unescapeXml(chars);
    else if (isEnd) {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes nothing`);
    } else if (name) {
      const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(
        ([, key = "", value = ""]) => [key, unescapeXml(value)] as const,
      );
      if (new Set(pairs.map(([key]) => key)).size !== pairs.length)
        throw new Error(`${name} repeats an attribute`);
      const element = { name, attributes: Object.fromEntries(pairs), children: [], text: "" };
      parent.children.push(element);
      if (!isEmpty) open.push(element);
    }
  }
  if (at !== text.length) throw new Error(`not XML from character ${at}: ${text.slice(at, at + 40)}`);
  if (open.length !== 1 || root.children.length !== 1) throw new Error("not one balanced element");
  return root.children[0] as Element;
}

export function findAll(element: Element, name: string): Element[] {
  return element.children.flatMap((child) => [
    ...(child.name === name ? [child] : []),
    ...findAll(child, name),
  ]);
}

export const findOne = (element: Element, ...path: string[]): Element =>
  path.reduce((at, name) => {
    const found = at.children.find((child) => child.name === name);
    if (!found) throw new Error(`${at.name} has no ${name}`);
    return found;
  }, element);

/** RFC 4180, strictly: CRLF, quotes doubled, every row as wide as the first. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  let row: string[] = [];
  let at = 0;
  for (let match = field.exec(text); match; match = field.exec(text)) {
    at = field.lastIndex;
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "\r\n") {
      rows.push(row);
      row = [];
    }
  }
  if (at !== text.length) throw new Error(`not CSV from character ${at}`);
  if (rows.some((one) => one.length !== rows[0]?.length)) throw new Error("rows differ in width");
  return rows;
}

export interface EdlEvent {
  number: number;
  from: string;
  to: string;
  color: string;
  text: string;
  frames: number;
}

/** CMX3600 with Resolve's marker lines, as Resolve reads it: exactly one marker line under each event. */
export function parseEdl(text: string): { title: string; isDropFrame: boolean; events: EdlEvent[] } {
  const [title, mode, blank, ...lines] = text.split("\r\n");
  if (!title?.startsWith("TITLE: ") || blank !== "") throw new Error("no EDL head");
  if (mode !== "FCM: DROP FRAME" && mode !== "FCM: NON-DROP FRAME") throw new Error("no FCM line");
  const events: EdlEvent[] = [];
  while (lines.length > 1) {
    const event = /^(\d{3,}) {2}001 {6}V {5}C {8}(\S{11,12}) (\S{11,12}) (\S{11,12}) (\S{11,12}) {2}$/.exec(
      lines.shift() ?? "",
    );
    const marker = /^ \|C:(ResolveColor\w+) \|M:([^|]*) \|D:(\d+)$/.exec(lines.shift() ?? "");
    if (!event || !marker || lines.shift() !== "") throw new Error(`event ${events.length + 1} is not one`);
    const [, number, from = "", to = "", recordFrom, recordTo] = event;
    if (from !== recordFrom || to !== recordTo) throw new Error("source and record differ");
    const [, color = "", said = "", frames] = marker;
    events.push({ number: Number(number), from, to, color, text: said, frames: Number(frames) });
  }
  return { title: title.slice(7), isDropFrame: mode === "FCM: DROP FRAME", events };
}

/** A glyph that a PDF shows. */
export interface PdfGlyph {
  text: string;
  font: string;
  /** No outline: nothing is seen there. */
  isBlank: boolean;
}

/** The words of a PDF page by page, read through each font's ToUnicode map, and how many pictures it holds. */
export function parsePdf(file: Buffer): { pages: string[]; glyphs: PdfGlyph[]; images: number } {
  const objects = pdfObjects(file);
  const of = (id: string | undefined) => objects.get(id ?? "") ?? { head: "", stream: "" };
  const glyphs: PdfGlyph[] = [];
  const pages: string[] = [];
  for (const { head } of objects.values()) {
    if (!/\/Type \/Page\b(?!s)/.test(head)) continue;
    const resources = of(pdfRef(head, "Resources")).head;
    const fonts = new Map(
      [...resources.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name = "", id = ""]) => [name, pdfFont(of, id)]),
    );
    let font: ReturnType<typeof pdfFont> | undefined;
    let words = "";
    for (const [, name, array] of of(pdfRef(head, "Contents")).stream.matchAll(
      /\/(F\d+) [\d.]+ Tf|\[([^\]]*)\] TJ/g,
    )) {
      if (name) font = fonts.get(name);
      else {
        const hex = [...(array ?? "").matchAll(/<(\w*)>/g)].map((match) => match[1]).join("");
        for (const code of hex.match(/\w{4}/g) ?? []) {
          const glyph = font?.glyph(Number.parseInt(code, 16));
          words += glyph?.text ?? "";
          if (glyph) glyphs.push(glyph);
        }
        words += "\n";
      }
    }
    pages.push(words);
  }
  const images = [...objects.values()].filter(({ head }) => head.includes("/Subtype /Image")).length;
  return { pages, glyphs, images };
}

interface PdfObject {
  head: string;
  stream: string;
}

function pdfObjects(file: Buffer): Map<string, PdfObject> {
  const raw = file.toString("latin1");
  if (!raw.startsWith("%PDF-1.") || !raw.trimEnd().endsWith("%%EOF")) throw new Error("not a whole PDF");
  const objects = new Map<string, PdfObject>();
  for (const match of raw.matchAll(/(\d+) 0 obj\n([\s\S]*?)\nendobj/g)) {
    const [, id = "", body = ""] = match;
    const cut = body.indexOf("\nstream\n");
    const head = cut < 0 ? body : body.slice(0, cut);
    let stream = cut < 0 ? "" : body.slice(cut + 8, body.lastIndexOf("\nendstream"));
    if (stream && head.includes("/FlateDecode"))
      stream = inflateSync(Buffer.from(stream, "latin1")).toString("latin1");
    objects.set(id, { head, stream });
  }
  return objects;
}

const pdfRef = (head: string, key: string) => new RegExp(`/${key} \\[?(\\d+) 0 R`).exec(head)?.[1];

function pdfFont(of: (id: string | undefined) => PdfObject, id: string) {
  const { head } = of(id);
  const texts = new Map<number, string>();
  for (const [, first = "", list = ""] of of(pdfRef(head, "ToUnicode")).stream.matchAll(
    /<(\w{4})> <\w{4}> \[([^\]]*)\]/g,
  ))
    for (const [index, [, hex = ""]] of [...list.matchAll(/<([\w ]*)>/g)].entries())
      texts.set(
        Number.parseInt(first, 16) + index,
        Buffer.from(hex.replaceAll(" ", ""), "hex").swap16().toString("utf16le"),
      );
  const descriptor = of(pdfRef(of(pdfRef(head, "DescendantFonts")).head, "FontDescriptor")).head;
  const name = /\/FontName \/\w+\+([\w-]+)/.exec(descriptor)?.[1] ?? "";
  const hasOutline = outlinesOf(Buffer.from(of(pdfRef(descriptor, "FontFile2")).stream, "latin1"));
  return {
    glyph: (code: number): PdfGlyph => ({
      text: texts.get(code) ?? "",
      font: name,
      isBlank: !hasOutline(code),
    }),
  };
}

/** Which glyphs of a TrueType file have an outline: those whose place in `loca` is not empty. */
function outlinesOf(font: Buffer): (glyph: number) => boolean {
  const tables = new Map<string, number>();
  for (let at = 12; at < 12 + 16 * font.readUInt16BE(4); at += 16)
    tables.set(font.toString("latin1", at, at + 4), font.readUInt32BE(at + 8));
  const loca = tables.get("loca") ?? Number.NaN;
  const isLong = font.readUInt16BE((tables.get("head") ?? Number.NaN) + 50) === 1;
  const place = (glyph: number) =>
    isLong ? font.readUInt32BE(loca + 4 * glyph) : font.readUInt16BE(loca + 2 * glyph);
  return (glyph) => place(glyph + 1) > place(glyph);
}
