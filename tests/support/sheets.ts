import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Comment } from "#core/comments/comment.ts";
import { type Sheet, threadsOf } from "#core/exports/sheet.ts";
import type { FrameModel } from "#core/timecode/timecode.ts";

const golden = join(import.meta.dir, "../fixtures/golden/exports");

/** The file as it was agreed on. */
export function agreed(name: string, made: string): void {
  expect(made).toBe(readFileSync(join(golden, name), "utf8"));
}

let count = 0;
export function comment(more: Partial<Comment> & { frame: number; text: string }): Comment {
  const number = String(++count).padStart(26, "0");
  return {
    id: `cmt_${number}`,
    versionId: `ver_${"0".repeat(26)}`,
    projectId: `prj_${"0".repeat(26)}`,
    replyTo: null,
    endFrame: null,
    drawing: null,
    mentions: [],
    author: { kind: "person", id: `per_${"0".repeat(26)}`, name: "Ana" },
    reactions: [],
    attachments: [],
    carriedFrom: null,
    resolvedAt: null,
    resolvedBy: null,
    editedAt: null,
    createdAt: new Date(1_700_000_000_000 + count * 1000).toISOString(),
    updatedAt: new Date(1_700_000_000_000 + count * 1000).toISOString(),
    etag: '"1.x"',
    ...more,
  };
}

const ben = { kind: "guest" as const, id: null, name: "Бен" };
const root = comment({ frame: 1799, text: 'Too dark, "really" | <b>\nsecond line', author: ben });
const talk = [
  root,
  comment({ frame: 1799, text: "Mended & graded", replyTo: root.id }),
  comment({ frame: 1799, text: "=SUM(A1)", endFrame: 1850 }),
  comment({
    frame: 1800,
    text: "First frame of minute one",
    resolvedAt: "2026-01-02T03:04:05.000Z",
    resolvedBy: "Ana",
  }),
  comment({
    frame: 0,
    text: "Opening",
    reactions: [{ emoji: "👍", count: 2, names: ["Ana", "Бен"], mine: false }],
    drawing: {
      shapes: [
        {
          tool: "pen",
          color: "#ff0000",
          width: 0.01,
          points: [
            [0.1, 0.1],
            [0.2, 0.3],
            [0.4, 0.2],
          ],
        },
        {
          tool: "arrow",
          color: "#00ff00",
          width: 0.01,
          points: [
            [0.9, 0.9],
            [0.5, 0.5],
          ],
        },
        {
          tool: "box",
          color: "#0000ff",
          width: 0.005,
          points: [
            [0.6, 0.1],
            [0.9, 0.4],
          ],
        },
        {
          tool: "ellipse",
          color: "#ffff00",
          width: 0.005,
          points: [
            [0.1, 0.6],
            [0.4, 0.9],
          ],
        },
        { tool: "text", color: "#ffffff", width: 0.01, points: [[0.5, 0.1]], text: "Sky" },
      ],
    },
  }),
  comment({ frame: 17_999, text: "Last frame" }),
];

const model: FrameModel = {
  rate: { num: 30_000, den: 1001 },
  frames: 18_000,
  startTimecode: "01:00:00;00",
  dropFrame: true,
  variable: false,
  pts: null,
};

/** What an exporter gets, with the things that exporters get wrong. */
export const sheetOf = (change: Partial<FrameModel> = {}, comments = talk): Sheet => ({
  projectName: "Spots & more",
  assetName: "Summer <Spot>",
  versionId: `ver_${"0".repeat(26)}`,
  versionNumber: 2,
  fileName: 'Summer "Spot" v2.mov',
  model: { ...model, ...change },
  width: 1920,
  height: 1080,
  isStill: false,
  threads: threadsOf(comments),
  exportedAt: "2026-11-22T09:00:00.000Z",
});
