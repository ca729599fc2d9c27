import PDFDocument from "pdfkit";
import type { Comment } from "../comments/comment.ts";
import { frameToTimecode, rateLabel } from "../timecode/timecode.ts";
import { drawShapes, type Frame } from "./draw.ts";
import { oneLine, type Sheet, type Thread, titleOf } from "./sheet.ts";
import type { Still, Stills } from "./stills.ts";
import { openTypesetter, type Style, type Typesetter } from "./typeset.ts";

const page = { margin: 42, width: 595.28, height: 841.89 };
const picture = { width: 190, gap: 16 };
const textLeft = page.margin + picture.width + picture.gap;
const textWidth = page.width - page.margin - textLeft;
const fullWidth = page.width - 2 * page.margin;
const bottom = page.height - page.margin - 20;
const ink = { strong: "#15171c", quiet: "#5c6370", line: "#d5d9e0", done: "#1f7a4d" };

const style = {
  title: { face: "bold", size: 17, color: ink.strong },
  small: { face: "plain", size: 9, color: ink.quiet },
  foot: { face: "plain", size: 8, color: ink.quiet },
  time: { face: "mono", size: 9, color: ink.quiet },
  name: { face: "bold", size: 9, color: ink.strong },
  said: { face: "plain", size: 10, color: ink.strong },
  done: { face: "bold", size: 8, color: ink.done },
} satisfies Record<string, Style>;

/** A printable list: a still with the drawing on it beside each thread. */
export async function pdf(sheet: Sheet, stills: Stills, fonts: readonly string[]): Promise<Buffer> {
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
  const type = openTypesetter(doc, fonts);
  printHead(doc, sheet, type);
  const sheets = new Map<Buffer, PDFKit.Mixins.ImageSrc>();
  let isNearest = false;
  for (const [index, thread] of sheet.threads.entries()) {
    // A long list takes seconds; others are served in between.
    if (index % 10 === 9) await new Promise((done) => setImmediate(done));
    const still = await stills(thread.comment.frame);
    isNearest ||= still?.tile != null;
    printThread(doc, sheet, thread, still, sheets, type);
  }
  if (sheet.threads.length === 0)
    type.block("No comments.", style.said, { x: page.margin, y: doc.y, width: fullWidth });
  const notes = [
    isNearest && "stills are the nearest of the storyboard",
    type.isLacking() && "□ stands for a character this print has no letter for; every other format has it",
  ];
  printFeet(doc, type, [titleOf(sheet), ...notes.filter((note) => note !== false)]);
  doc.end();
  await done;
  return Buffer.concat(chunks);
}

function printHead(doc: PDFKit.PDFDocument, sheet: Sheet, type: Typesetter): void {
  const open = sheet.threads.filter(({ comment }) => !comment.resolvedAt).length;
  const lines = [
    [titleOf(sheet), style.title],
    [
      `${oneLine(sheet.projectName)} · ${oneLine(sheet.fileName)} · ${rateLabel(sheet.model)} fps · from ${sheet.model.startTimecode}`,
      style.small,
    ],
    [
      `${sheet.threads.length} comments, ${open} open · ${sheet.exportedAt.slice(0, 16).replace("T", " ")} UTC`,
      style.small,
    ],
  ] as const;
  for (const [text, face] of lines) type.block(text, face, { x: page.margin, y: doc.y, width: fullWidth });
  doc.y += 13;
}

function printThread(
  doc: PDFKit.PDFDocument,
  sheet: Sheet,
  thread: Thread,
  still: Still | null,
  sheets: Map<Buffer, PDFKit.Mixins.ImageSrc>,
  type: Typesetter,
): void {
  const ratio = sheet.width > 0 ? sheet.height / sheet.width : 9 / 16;
  const height = Math.min(picture.width * ratio, 300);
  const place = { width: height / ratio, height };
  if (doc.y + Math.max(place.height, 60) > bottom) doc.addPage();
  const top = doc.y;
  const startPage = doc.bufferedPageRange().count;
  printStill(doc, { x: page.margin, y: top, ...place }, thread.comment, still, sheets, type);
  printText(doc, sheet, thread, top, type);
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
  type: Typesetter,
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
  if (comment.drawing) drawShapes(doc, place, comment.drawing, type);
}

function imageOf(doc: PDFKit.PDFDocument, jpeg: Buffer): PDFKit.Mixins.ImageSrc {
  return (doc as unknown as { openImage(src: Buffer): PDFKit.Mixins.ImageSrc }).openImage(jpeg);
}

function printText(
  doc: PDFKit.PDFDocument,
  sheet: Sheet,
  { comment, replies }: Thread,
  top: number,
  type: Typesetter,
): void {
  const { model } = sheet;
  const from = frameToTimecode(model, comment.frame);
  const to = comment.endFrame === null ? "" : ` – ${frameToTimecode(model, comment.endFrame)}`;
  const range = comment.endFrame === null ? "" : `–${comment.endFrame}`;
  const column = { x: textLeft, width: textWidth };
  type.block(`${from}${to}   frame ${comment.frame}${range}`, style.time, { ...column, y: top });
  printSaid(doc, comment, column, type);
  if (comment.resolvedAt)
    type.block(`Resolved by ${comment.resolvedBy ?? ""}`, style.done, { ...column, y: doc.y + 2 });
  for (const reply of replies) printSaid(doc, reply, { x: textLeft + 12, width: textWidth - 12 }, type);
}

function printSaid(
  doc: PDFKit.PDFDocument,
  comment: Comment,
  column: { x: number; width: number },
  type: Typesetter,
): void {
  type.block(oneLine(comment.author.name), style.name, { ...column, y: doc.y + 4 });
  type.block(comment.text, style.said, { ...column, y: doc.y + 1 });
}

function printFeet(doc: PDFKit.PDFDocument, type: Typesetter, [title, ...notes]: string[]): void {
  const { start, count } = doc.bufferedPageRange();
  for (let index = start; index < start + count; index++) {
    doc.switchToPage(index);
    doc.page.margins.bottom = 0; // or a line this low would open another page
    // The title by itself: one that runs right to left does not take the numbers along.
    type.line([`\u2068${title}\u2069`, `${index + 1} / ${count}`, ...notes].join(" · "), style.foot, {
      x: page.width / 2,
      y: page.height - page.margin - 4,
      align: "center",
    });
  }
}
