import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Media } from "#core/assets/asset.ts";
import type { Preview } from "#core/previews/preview.ts";
import { type CorpusFile, corpus } from "#tests/fixtures/corpus.ts";
import { eventually } from "#tests/support/eventually.ts";
import { addMaster, openPreviewRoom, type PreviewRoom, versionOf } from "#tests/support/previews.ts";
import { type RunningWorker, startWorker } from "#tests/support/worker.ts";

setDefaultTimeout(900_000);

let room: PreviewRoom;
let worker: RunningWorker;
let files: (CorpusFile & { path: string })[];
const versions = new Map<string, string>();

beforeAll(async () => {
  [files, room] = await Promise.all([corpus(), openPreviewRoom()]);
  worker = await startWorker(room);
  for (const { name, path } of files.filter(({ name }) => name !== "empty")) {
    versions.set(name, (await addMaster(room, path)).versionId);
  }
});

afterAll(async () => {
  await worker.stop();
  await room.close();
});

async function ended(name: string) {
  return eventually(
    async () => {
      const version = await versionOf(room, versions.get(name) ?? "");
      if (version.state !== "ready" && version.state !== "failed")
        throw new Error(`${name} is ${version.state}`);
      return version;
    },
    { withinMs: 850_000, everyMs: 100 },
  );
}

/** What a preview turned out to be, in the words of the corpus. */
function found({ media, preview }: { media: Media; preview: Preview }) {
  const top = preview.rungs[0];
  return {
    kind: media.kind,
    frames: media.frames,
    rate: media.rate ? `${media.rate.num}/${media.rate.den}` : null,
    seconds: Math.round(media.durationSeconds * 10) / 10,
    size: `${media.width}x${media.height}`,
    top: top ? `${top.width}x${top.height}` : null,
    timecode: media.startTimecode,
    variable: media.variable,
    hdr: media.video?.hdr ?? null,
    interlaced: media.video?.interlaced ?? false,
    sounds: preview.audio.length,
    subtitles: preview.subtitles.length,
    languages: preview.audio.map(({ language }) => language),
    warnings: preview.warnings.length,
  };
}

describe("every file of the corpus ends as expected", () => {
  test("in one run of the worker, with nothing left on the scratch disk", async () => {
    const wrong: unknown[] = [];
    for (const { name, expected } of files.filter(({ name }) => versions.has(name))) {
      const version = await ended(name);
      const { state, code, ...facts } = expected;
      const got = version.state === "ready" ? found(version as never) : {};
      const asked = Object.fromEntries(Object.keys(facts).map((key) => [key, got[key as keyof typeof got]]));
      const isRight =
        version.state === state && (!code || version.reason_code === code) && Bun.deepEquals(asked, facts);
      if (!isRight) wrong.push({ name, expected, state: version.state, reason: version.reason_code, asked });
      if (version.state === "failed") expect(version.reason).toMatch(/[a-z].*\.( |$)/);
    }
    expect(wrong).toEqual([]);
    const left = await Array.fromAsync(
      new Bun.Glob("**/*").scan({ cwd: worker.tools.scratchBase, dot: true }),
    );
    expect(left).toEqual([]);
  });
});
