import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { readConfig } from "#core/config.ts";
import type { Resources } from "#core/resources.ts";
import { keysOf, openStorage } from "#core/storage/storage.ts";
import { currentKey, type Edge, startEdge } from "#tests/edge/support/edge.ts";
import { type Api, type Caller, openApi } from "#tests/support/api.ts";
import { parseEdl, parsePdf } from "#tests/support/parsers.ts";
import { testResources } from "#tests/support/resources.ts";
import { stackEnv } from "#tests/support/stack.ts";
import { type SeededVersion, seedVersion } from "#tests/support/versions.ts";

let resources: Resources;
let api: Api;
let own: SeededVersion;
let edge: Edge;
beforeAll(async () => {
  edge = await startEdge();
  resources = await testResources({
    PUBLIC_EDGE_BASE: edge.base,
    EDGE_SIGNING_KEY: `${currentKey.kid}:${currentKey.secret}`,
  });
  api = await openApi(resources);
});
afterAll(async () => {
  await resources.close();
  await edge.end();
});

const say = (who: Caller, input: object = {}) => who.post("/comments", input);

const box = {
  shapes: [
    {
      tool: "box",
      color: "#ff5500",
      width: 0.004,
      points: [
        [0.1, 0.2],
        [0.5, 0.5],
      ],
    },
  ],
};

describe("an export", () => {
  const path = (format: string, more = "") =>
    `/comments/export?versionId=${own.versionId}&format=${format}${more}`;
  beforeAll(async () => {
    own = await seedVersion(resources, {
      projectId: api.seed.projectId,
      name: 'Spot "é" 1/2.mov',
      media: { rate: { num: 30_000, den: 1001 }, dropFrame: true, startTimecode: "00:00:59;28" },
    });
    const on = { versionId: own.versionId };
    await say(api.as("reviewer"), { ...on, frame: 2, text: "Cut here", drawing: box });
    const done = (await say(api.as("editor"), { ...on, frame: 9, endFrame: 12, text: "Done" })).body;
    await api.as("editor").post(`/comments/${done.id}/resolve`);
  });

  test.each([
    ["csv", "text/csv", "csv"],
    ["edl", "text/plain", "edl"],
    ["fcpxml", "application/xml", "fcpxml"],
    ["xmeml", "application/xml", "xml"],
    ["otio", "application/json", "otio"],
    ["avid", "text/plain", "txt"],
    ["json", "application/json", "json"],
    ["pdf", "application/pdf", "pdf"],
  ])("as %s is a file of its type with both comments", async (format, type, ending) => {
    const { status, headers, text } = await api.as("viewer").get(path(format));
    expect(status).toBe(200);
    expect(headers.get("content-type")).toStartWith(type);
    expect(headers.get("content-disposition")).toContain(`filename="Spot ___ 1_2.mov v1 comments.${ending}"`);
    if (format === "pdf") expect(text).toStartWith("%PDF-1.");
    else if (format !== "xmeml") expect(text).toMatch(/00:01:00;02|1799|Cut here/);
  });

  test("counts drop-frame exactly, and can be of open threads only", async () => {
    const [event] = parseEdl((await api.as("viewer").get(path("edl", "&state=open"))).text).events;
    expect(event).toMatchObject({ from: "00:01:00;02", to: "00:01:00;03", text: "reviewer: Cut here" });
    expect(parseEdl((await api.as("viewer").get(path("edl"))).text).events).toHaveLength(2);
  });

  test("is refused where there is nothing to export or nobody to give it to", async () => {
    expect((await api.as("viewer").get(path("docx"))).status).toBe(400);
    expect((await api.as("outsider").get(path("csv"))).status).toBe(404);
    expect((await api.bearing(undefined).get(path("csv"))).status).toBe(401);
    const early = await seedVersion(resources, { projectId: api.seed.projectId, state: "building" });
    const answer = await api.as("viewer").get(`/comments/export?versionId=${early.versionId}&format=csv`);
    expect(answer.status).toBe(409);
  });
});

/** Puts files where the preview of a version says they are, with the worker's key. */
async function publish(versionId: string, files: Record<string, Uint8Array | string>): Promise<void> {
  const [row] = await resources.sql<{ prefix: string }[]>`
    select preview ->> 'prefix' as prefix from versions where id = ${versionId}`;
  const config = readConfig({ ...stackEnv(), GPU_DEVICE: "none" }, "worker");
  const { s3, buckets } = openStorage(config, keysOf(config, "worker"));
  for (const [name, Body] of Object.entries(files))
    await s3.send(new PutObjectCommand({ Bucket: buckets.previews, Key: `${row?.prefix}${name}`, Body }));
  s3.destroy();
}

const pictures = (tiles: string) =>
  Bun.spawnSync([
    ...["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=1"],
    ...["-vf", `tile=${tiles}`, "-frames:v", "1", "-f", "mjpeg", "-"],
  ]).stdout;

async function print(versionId: string) {
  const path = `/comments/export?versionId=${versionId}&format=pdf`;
  const answer = await api.as("viewer").send("GET", path);
  const { pages, images } = parsePdf(Buffer.from(await answer.arrayBuffer()));
  return { images, words: pages.join("").replaceAll("\n", "") };
}

test("the printed list has stills of the storyboard, read through the signed edge", async () => {
  const { versionId } = await seedVersion(resources, { projectId: api.seed.projectId });
  await api.as("reviewer").post("/comments", { versionId, frame: 30, text: "Here", drawing: box });
  const cue = (from: string, to: string, x: number) =>
    `${from} --> ${to}\nsprite_000.jpg#xywh=${x},0,160,90\n`;
  const tiles = [cue("00:00:00.000", "00:00:01.000", 0), cue("00:00:01.000", "00:00:10.000", 160)];
  await publish(versionId, {
    "sprite_000.jpg": pictures("2x1"),
    "storyboard.vtt": `WEBVTT\n\n${tiles.join("\n")}`,
  });
  const { images, words } = await print(versionId);
  expect(images).toBe(1);
  expect(words).toContain("01:00:01:05   frame 30");
  expect(words).toContain("nearest of the storyboard");
});

test("a picture without time is printed as it is", async () => {
  const { versionId } = await seedVersion(resources, {
    projectId: api.seed.projectId,
    media: { kind: "image", rate: null, frames: null, durationSeconds: 0 },
  });
  await api.as("reviewer").post("/comments", { versionId, frame: 0, text: "Crop", drawing: box });
  expect((await api.as("reviewer").post("/comments", { versionId, frame: 1, text: "?" })).status).toBe(400);
  await publish(versionId, { "poster.jpg": pictures("1x1") });
  const { images, words } = await print(versionId);
  expect(images).toBe(1);
  expect(words).not.toContain("storyboard");
});
