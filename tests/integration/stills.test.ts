import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { newId } from "#core/id.ts";
import { askStills, openStillsConnection } from "#core/previews/stills.ts";
import { answerStills } from "#gpu/answer-stills.ts";
import { BITS, type CountedClip, countedClip, SQUARE } from "#tests/fixtures/counted.ts";
import { openApi } from "#tests/support/api.ts";
import { eventually } from "#tests/support/eventually.ts";
import { parsePdf } from "#tests/support/parsers.ts";
import { addMaster, openPreviewRoom, type PreviewRoom, versionOf } from "#tests/support/previews.ts";
import { type RunningWorker, startWorker } from "#tests/support/worker.ts";

setDefaultTimeout(90_000);

const clips: (CountedClip & { first?: number })[] = [
  { name: "25", rate: "25/1", frames: 125, sound: "with" },
  { name: "5994-drop", rate: "60000/1001", frames: 240, timecode: "00:59:59;30", sound: "with" },
  { name: "variable", rate: "30/1", frames: 150, variable: true, sound: "with" },
  { name: "edit-list", rate: "25/1", frames: 125, editList: true, sound: "with", first: 25 },
];

let room: PreviewRoom;
let worker: RunningWorker;
const stop = new AbortController();
let answering: Promise<void>;
const versions = new Map<string, string>();

beforeAll(async () => {
  room = await openPreviewRoom();
  expect(await askStills(room.resources, newId("version"), [1])).toEqual(new Map());
  worker = await startWorker(room);
  const redis = openStillsConnection(room.resources.config.REDIS_URL);
  const { sql, log } = room.resources;
  const { scratchBase } = worker.tools;
  answering = answerStills({ sql, redis, storage: room.storage, scratchBase, log }, stop.signal);
  for (const clip of clips)
    versions.set(clip.name, (await addMaster(room, await countedClip(clip))).versionId);
});

afterAll(async () => {
  stop.abort();
  await answering;
  await worker.stop();
  await room.close();
});

/** The number burned into a picture: squares from the lowest bit on. */
function numberIn(jpeg: Buffer): number {
  const width = BITS * SQUARE;
  const decoded = Bun.spawnSync(
    [
      ...["ffmpeg", "-loglevel", "error", "-i", "-", "-vf", `scale=${width}:-2`],
      ...["-f", "rawvideo", "-pix_fmt", "gray", "-"],
    ],
    { stdin: jpeg },
  ).stdout;
  let number = 0;
  for (let bit = 0; bit < BITS; bit++) {
    const luma = decoded[(SQUARE / 2) * width + bit * SQUARE + SQUARE / 2] ?? 0;
    if (luma > 128) number += 2 ** bit;
  }
  return number;
}

test.each(clips)("a still of $name shows exactly the frame that was asked for", async (clip) => {
  const versionId = versions.get(clip.name) ?? "";
  const { media } = await eventually(
    async () => {
      const version = await versionOf(room, versionId);
      if (version.state !== "ready") throw new Error(`${version.state}: ${version.reason}`);
      return version;
    },
    { withinMs: 80_000 },
  );
  const last = media.frames - 1;
  const frames = [0, 1, 2, 24, 25, 37, 47, 48, 49, 60, 71, 72, 96, last - 1, last];
  const stills = await askStills(room.resources, versionId, [...frames, last + 1]);
  const shown = frames.map((frame) => [frame, numberIn(stills.get(frame) ?? Buffer.alloc(0))]);
  expect(shown).toEqual(frames.map((frame) => [frame, frame + (clip.first ?? 0)]));
  expect(stills.has(last + 1)).toBe(false);
});

test("a version that is not there has none, at once", async () => {
  const from = performance.now();
  expect((await askStills(room.resources, newId("version"), [1])).size).toBe(0);
  expect(performance.now() - from).toBeLessThan(5_000);
});

test("the printed list shows the exact frames", async () => {
  const versionId = versions.get("variable") ?? "";
  const frames = [31, 64, 90];
  const api = await openApi(room.resources);
  for (const frame of frames)
    await api.as("admin").post("/comments", { versionId, frame, text: `Frame ${frame}` });
  const answer = await api.as("admin").send("GET", `/comments/export?versionId=${versionId}&format=pdf`);
  const { pages, images } = parsePdf(Buffer.from(await answer.arrayBuffer()));
  expect(images).toBe(3);
  expect(pages.join("")).not.toContain("storyboard");
});
