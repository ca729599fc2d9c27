import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Media } from "#core/assets/asset.ts";
import type { Sql } from "#core/db/db.ts";
import { newId } from "#core/id.ts";
import { type Preview, previewSchema } from "#core/previews/preview.ts";
import { answerStill, nextQuestion, type StillsQuestion } from "#core/previews/stills.ts";
import { openObject } from "#core/storage/read.ts";
import type { Storage } from "#core/storage/storage.ts";
import type { Log } from "#core/telemetry/log.ts";
import { type FrameModel, frameModelOf, seekSeconds } from "#core/timecode/timecode.ts";
import { writeStill } from "./one-shot.ts";

interface Room {
  sql: Sql;
  /** A connection of its own: it waits for questions. */
  redis: Redis;
  storage: Storage;
  scratchBase: string;
  log: Log;
}

/** Wide enough for print beside text; larger rungs only cost time. */
const PRINT_WIDTH = 640;

/** Answers questions for pictures of exact frames, one at a time, until `signal`; then its connection is closed. */
export async function answerStills(room: Room, signal: AbortSignal): Promise<void> {
  signal.addEventListener("abort", () => room.redis.disconnect(), { once: true });
  while (!signal.aborted) {
    const question = await nextQuestion(room.redis).catch(async () => {
      await pause(1_000, undefined, { signal }).catch(() => {}); // ends with the signal
      return null;
    });
    if (!question) continue;
    await answer(room, question, signal).catch((error: unknown) =>
      room.log.warn({ err: error, versionId: question.versionId }, "no stills"),
    );
    await answerStill(room.redis, question).catch(() => {}); // whoever asked stops waiting by itself
  }
}

interface Segment {
  uri: string;
  from: number;
  to: number;
}

async function answer(room: Room, question: StillsQuestion, signal: AbortSignal): Promise<void> {
  const found = await findPicture(room.sql, question.versionId);
  if (!found) return;
  const { preview, model } = found;
  const fitting = preview.rungs.filter(({ width }) => width >= PRINT_WIDTH);
  const [rung] = (fitting.length > 0 ? fitting : preview.rungs).toSorted((a, b) =>
    fitting.length > 0 ? a.width - b.width : b.width - a.width,
  );
  if (!rung) return;
  const read = (name: string) => bytesOf(room.storage, `${preview.prefix}${name}`, signal);
  const { init, segments } = parsePlaylist((await read(`${rung.name}.m3u8`)).toString("utf8"));
  const head = await read(init);
  const folder = join(room.scratchBase, `stills-${newId("request")}`);
  await mkdir(folder, { mode: 0o700 });
  try {
    const clip = join(folder, "clip.mp4");
    let loaded = "";
    for (const frame of question.frames.toSorted((a, b) => a - b)) {
      if (signal.aborted || Date.now() > question.untilMs) return;
      const at = seekSeconds(model, frame);
      const segment = segments.find(({ to }) => at < to) ?? segments.at(-1);
      if (!segment || frame >= model.frames) continue;
      if (segment.uri !== loaded) await writeFile(clip, Buffer.concat([head, await read(segment.uri)]));
      loaded = segment.uri;
      const jpeg = join(folder, "still.jpg");
      // ffmpeg shows the first frame from a time on: half way from the frame before, it is this one.
      const before = frame === 0 ? 0 : seekSeconds(model, frame - 1);
      await writeStill(clip, Math.max(0, before - segment.from), jpeg, signal);
      await answerStill(room.redis, question, { frame, jpeg: await readFile(jpeg) });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function findPicture(
  sql: Sql,
  versionId: string,
): Promise<{ preview: Preview; model: FrameModel } | undefined> {
  const [row] = await sql<{ preview: unknown; media: Media | null }[]>`
    select preview, media from versions where id = ${versionId} and deleted_at is null and preview is not null`;
  if (!row?.media) return undefined;
  return { preview: previewSchema.parse(row.preview), model: frameModelOf(row.media) };
}

/** Where each segment of a media playlist of ours lies in time, from the start of the clip. */
export function parsePlaylist(text: string): { init: string; segments: Segment[] } {
  const init = /^#EXT-X-MAP:URI="([\w.-]+)"$/m.exec(text)?.[1];
  if (!init) throw new Error("a playlist without an initialisation segment");
  let from = 0;
  const segments = [...text.matchAll(/^#EXTINF:([\d.]+),[^\n]*\n([\w.-]+)$/gm)].map(
    ([, seconds, uri = ""]) => {
      const segment = { uri, from, to: from + Number(seconds) };
      from = segment.to;
      return segment;
    },
  );
  return { init, segments };
}

async function bytesOf(storage: Storage, key: string, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await openObject(storage, { bucket: storage.buckets.previews, key }, signal))
    chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
