import type { Drawing } from "../comments/comment.ts";
import type { Typesetter } from "./typeset.ts";

type Shape = Drawing["shapes"][number];

/** Where the picture lies on the page, in points. */
export interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Draws what a reviewer drew over the picture. Widths are in picture heights, points relative to the picture. */
export function drawShapes(
  doc: PDFKit.PDFDocument,
  picture: Frame,
  drawing: Drawing,
  type: Typesetter,
): void {
  doc.save().rect(picture.x, picture.y, picture.width, picture.height).clip();
  for (const shape of drawing.shapes) drawShape(doc, picture, shape, type);
  doc.restore();
}

function drawShape(doc: PDFKit.PDFDocument, picture: Frame, shape: Shape, type: Typesetter): void {
  const points = shape.points.map(
    ([x, y]) => [picture.x + x * picture.width, picture.y + y * picture.height] as const,
  );
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last) return;
  const width = Math.max(0.5, shape.width * picture.height);
  doc.lineWidth(width).lineCap("round").lineJoin("round").strokeColor(shape.color).fillColor(shape.color);
  const [left, right] = [Math.min(first[0], last[0]), Math.max(first[0], last[0])];
  const [top, bottom] = [Math.min(first[1], last[1]), Math.max(first[1], last[1])];
  if (shape.tool === "text") {
    const style = { face: "plain", size: Math.max(4, width * 8), color: shape.color } as const;
    type.line(shape.text ?? "", style, { x: first[0], y: first[1] });
  } else if (shape.tool === "box") {
    doc.rect(left, top, right - left, bottom - top).stroke();
  } else if (shape.tool === "ellipse") {
    doc.ellipse((left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2).stroke();
  } else if (points.length === 1) {
    doc.circle(first[0], first[1], width / 2).fill();
  } else {
    doc.moveTo(...first);
    for (const point of points.slice(1)) doc.lineTo(...point);
    doc.stroke();
    if (shape.tool === "arrow") drawHead(doc, first, last, width);
  }
}

function drawHead(
  doc: PDFKit.PDFDocument,
  from: readonly [number, number],
  to: readonly [number, number],
  width: number,
): void {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const length = Math.max(5, width * 5);
  for (const turn of [Math.PI * 0.85, -Math.PI * 0.85])
    doc
      .moveTo(...to)
      .lineTo(to[0] + length * Math.cos(angle + turn), to[1] + length * Math.sin(angle + turn))
      .stroke();
}
