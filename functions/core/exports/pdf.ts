import { fileURLToPath } from "node:url";
import PDFDocument from "pdfkit";
import type { Comment } from "../comments/comment.ts";
import { frameToTimecode, rateLabel } from "../timecode/timecode.ts";
import { drawShapes, type Frame } from "./draw.ts";
import { oneLine, type Sheet, type Thread, titleOf } from "./sheet.ts";
import type { Still, Stills } from "./stills.ts";

const page = { margin: 42, width: 595.28, height: 841.89 };
const picture = { width: 190, gap: 16 };
const textLeft = page.margin + picture.width + picture.gap;
const textWidth = page.width - page.margin - textLeft;
const bottom = page.height - page.margin - 20;
const ink = { strong: "#15171c", quiet: "#5c6370", line: "#d5d9e0", done: "#1f7a4d" };

/** DejaVu reads Latin, Cyrillic, Greek, Arabic, Hebrew and more; fonts with ideographs weigh tens of megabytes. */
const font = (name: string) => fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`));

/** A printable list: a still with the drawing on it beside each thread. */
export async function pdf(sheet: Sheet, stills: Stills): Promise<Buffer> {
  const doc = new PDFDocument({
    size: "A4",
    margin: page.margin,
    bufferPages: true,
    info: {
      Title: `${titleOf(sheet)}: comments`,
      Author: oneLine(sheet.projectName),
      Creator: "Rushes",
      CreationDate: new Date(sheet.exportedAt),
    },
  });
  const chunks: Buffer[] = [];
  doc.on("data", (chunk: Buffer) => chunks.push(chunk));
  const done = new Promise<void>((resolve, reject) => {
    doc.on("end", resolve);
    doc.on("error", reject);
  });
  doc.registerFont("plain", font("DejaVuSans"));
  doc.registerFont("bold", font("DejaVuSans-Bold"));
  doc.registerFont("mono", font("DejaVuSansMono"));
  const letters = lettersOf(doc);
  printHead(doc, sheet, letters);
  const sheets = new Map<Buffer, PDFKit.Mixins.ImageSrc>();
  let isNearest = false;
  for (const [index, thread] of sheet.threads.entries()) {
    // A long list takes seconds; others are served in between.
    if (index % 10 === 9) await new Promise((done) => setImmediate(done));
    const still = await stills(thread.comment.frame);
    isNearest ||= still?.tile != null;
    printThread(doc, sheet, thread, still, sheets, letters);
  }
  if (sheet.threads.length === 0) doc.font("plain").fontSize(10).text("No comments.");
  const notes = [
    isNearest && "stills are the nearest of the storyboard",
    letters.isLacking() && "□ stands for a character this print has no letter for; every other format has it",
  ];
  printFeet(doc, [letters.of(titleOf(sheet)), ...notes.filter((note) => note !== false)]);
  doc.end();
  await done;
  return Buffer.concat(chunks);
}

interface Letters {
  /** The text as it can be printed: a box for each character, as people count them, that the font lacks. */
  of(text: string): string;
  isLacking(): boolean;
}

function lettersOf(doc: PDFKit.PDFDocument): Letters {
  doc.font("plain");
  const { font } = (doc as unknown as { _font: { font: { hasGlyphForCodePoint(code: number): boolean } } })
    ._font;
  const known = (character: string) =>
    [...character].every(
      (one) => /[\s\p{DI}]/u.test(one) || font.hasGlyphForCodePoint(one.codePointAt(0) ?? 0),
    );
  let lacking = false;
  return {
    of(raw) {
      // A tab or a carriage return is no letter either, and fonts show a box of their own for it.
      const text = raw.replaceAll("\r\n", "\n").replace(/(?!\n)\p{Cc}/gu, " ");
      const shown = [...new Intl.Segmenter().segment(text)].map(({ segment }) =>
        known(segment) ? segment : "□",
      );
      const printed = shown.join("");
      lacking ||= printed !== text;
      return printed;
    },
    isLacking: () => lacking,
  };
}

function printHead(doc: PDFKit.PDFDocument, sheet: Sheet, letters: Letters): void {
  const open = sheet.threads.filter(({ comment }) => !comment.resolvedAt).length;
  doc
    .font("bold")
    .fontSize(17)
    .fillColor(ink.strong)
    .text(letters.of(titleOf(sheet)));
  doc
    .font("plain")
    .fontSize(9)
    .fillColor(ink.quiet)
    .text(
      letters.of(
        `${oneLine(sheet.projectName)} · ${oneLine(sheet.fileName)} · ${rateLabel(sheet.model)} fps · from ${sheet.model.startTimecode}`,
      ),
    )
    .text(
      `${sheet.threads.length} comments, ${open} open · ${sheet.exportedAt.slice(0, 16).replace("T", " ")} UTC`,
    );
  doc.moveDown(1.2);
}

function printThread(
  doc: PDFKit.PDFDocument,
  sheet: Sheet,
  thread: Thread,
  still: Still | null,
  sheets: Map<Buffer, PDFKit.Mixins.ImageSrc>,
  letters: Letters,
): void {
  const ratio = sheet.width > 0 ? sheet.height / sheet.width : 9 / 16;
  const height = Math.min(picture.width * ratio, 300);
  const place = { width: height / ratio, height };
  if (doc.y + Math.max(place.height, 60) > bottom) doc.addPage();
  const top = doc.y;
  const startPage = doc.bufferedPageRange().count;
  printStill(doc, { x: page.margin, y: top, ...place }, thread.comment, still, sheets, letters);
  printText(doc, sheet, thread, top, letters);
  const isSamePage = doc.bufferedPageRange().count === startPage;
  const end = (isSamePage ? Math.max(doc.y, top + place.height) : doc.y) + 10;
  doc
    .moveTo(page.margin, end)
    .lineTo(page.width - page.margin, end)
    .lineWidth(0.5)
    .stroke(ink.line);
  doc.x = page.margin;
  doc.y = end + 10;
}

function printStill(
  doc: PDFKit.PDFDocument,
  place: Frame,
  comment: Comment,
  still: Still | null,
  sheets: Map<Buffer, PDFKit.Mixins.ImageSrc>,
  letters: Letters,
): void {
  doc.rect(place.x, place.y, place.width, place.height).fill("#20242c");
  if (still) {
    // One copy of each sheet in the file, shown through a window the size of the tile.
    const image = sheets.get(still.sheet) ?? imageOf(doc, still.sheet);
    sheets.set(still.sheet, image);
    const { width } = image as unknown as { width: number };
    const tile = still.tile ?? { x: 0, y: 0, width };
    const scale = place.width / tile.width;
    doc.save().rect(place.x, place.y, place.width, place.height).clip();
    doc.image(image, place.x - tile.x * scale, place.y - tile.y * scale, { width: width * scale });
    doc.restore();
  }
  doc.font("plain");
  if (comment.drawing) drawShapes(doc, place, comment.drawing, letters.of);
}

function imageOf(doc: PDFKit.PDFDocument, jpeg: Buffer): PDFKit.Mixins.ImageSrc {
  return (doc as unknown as { openImage(src: Buffer): PDFKit.Mixins.ImageSrc }).openImage(jpeg);
}

function printText(
  doc: PDFKit.PDFDocument,
  sheet: Sheet,
  { comment, replies }: Thread,
  top: number,
  letters: Letters,
): void {
  const { model } = sheet;
  const from = frameToTimecode(model, comment.frame);
  const to = comment.endFrame === null ? "" : ` – ${frameToTimecode(model, comment.endFrame)}`;
  const options = { width: textWidth };
  doc.font("mono").fontSize(9).fillColor(ink.quiet);
  const range = comment.endFrame === null ? "" : `–${comment.endFrame}`;
  doc.text(`${from}${to}   frame ${comment.frame}${range}`, textLeft, top, options);
  printSaid(doc, comment, textLeft, textWidth, letters);
  if (comment.resolvedAt)
    doc
      .font("bold")
      .fontSize(8)
      .fillColor(ink.done)
      .text(letters.of(`Resolved by ${comment.resolvedBy ?? ""}`), textLeft, doc.y + 2, options);
  for (const reply of replies) printSaid(doc, reply, textLeft + 12, textWidth - 12, letters);
}

function printSaid(
  doc: PDFKit.PDFDocument,
  comment: Comment,
  left: number,
  width: number,
  letters: Letters,
): void {
  doc
    .font("bold")
    .fontSize(9)
    .fillColor(ink.strong)
    .text(letters.of(oneLine(comment.author.name)), left, doc.y + 4, { width });
  doc
    .font("plain")
    .fontSize(10)
    .text(letters.of(comment.text), left, doc.y + 1, { width });
}

function printFeet(doc: PDFKit.PDFDocument, [title, ...notes]: string[]): void {
  const { start, count } = doc.bufferedPageRange();
  for (let index = start; index < start + count; index++) {
    doc.switchToPage(index);
    doc.page.margins.bottom = 0; // or a line this low would open another page
    doc
      .font("plain")
      .fontSize(8)
      .fillColor(ink.quiet)
      .text(
        [title, `${index + 1} / ${count}`, ...notes].join(" · "),
        page.margin,
        page.height - page.margin - 4,
        { width: page.width - 2 * page.margin, align: "center", lineBreak: false },
      );
  }
}
