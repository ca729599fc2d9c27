import type { Comment } from "../comments/comment.ts";
import { frameToSeconds, frameToTimecode } from "../timecode/timecode.ts";
import type { Sheet } from "./sheet.ts";

const header = [
  "Number",
  "Reply to",
  "Timecode in",
  "Timecode out",
  "Frame in",
  "Frame out",
  "Seconds",
  "Author",
  "Comment",
  "Drawing",
  "Resolved",
  "Resolved by",
  "Reactions",
  "Created",
  "Id",
];

/** RFC 4180 with every comment and reply on its own row, and a byte order mark: without it Excel guesses the encoding. */
export function csv(sheet: Sheet): string {
  const rows: (string | number)[][] = [header];
  let number = 0;
  for (const { comment, replies } of sheet.threads) {
    const root = ++number;
    rows.push(rowOf(sheet, comment, root, ""));
    for (const reply of replies) rows.push(rowOf(sheet, reply, ++number, root));
  }
  return `\ufeff${rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;
}

function rowOf(
  { model }: Sheet,
  comment: Comment,
  number: number,
  replyTo: number | "",
): (string | number)[] {
  const { frame, endFrame } = comment;
  return [
    number,
    replyTo,
    frameToTimecode(model, frame),
    endFrame === null ? "" : frameToTimecode(model, endFrame),
    frame,
    endFrame ?? "",
    frameToSeconds(model, frame).toFixed(3),
    comment.author.name,
    comment.text,
    comment.drawing ? "yes" : "",
    comment.resolvedAt ? "yes" : "",
    comment.resolvedBy ?? "",
    comment.reactions.map(({ emoji, count }) => (count > 1 ? `${emoji} ${count}` : emoji)).join(" "),
    comment.createdAt,
    comment.id,
  ];
}

function cell(value: string | number): string {
  if (typeof value === "number") return String(value);
  // A text that starts like a formula would be run by the spreadsheet that opens it.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
