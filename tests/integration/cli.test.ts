import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { verifyMaster } from "#core/custody/verify-master.ts";
import type { Resources } from "#core/resources.ts";
import { everyFunction } from "#functions/apps.ts";
import { startBackground } from "#functions/background.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { eventually } from "#tests/support/eventually.ts";
import { seedKey } from "#tests/support/people.ts";
import { testResources } from "#tests/support/resources.ts";
import { stackEnv } from "#tests/support/stack.ts";
import { clip } from "#tests/support/uploads.ts";
import { type Client, openClient, Refused } from "../../cli/client.ts";
import { markOf } from "../../cli/files.ts";
import { openMemory } from "../../cli/memory.ts";
import { openReport } from "../../cli/report.ts";
import { uploadFile } from "../../cli/upload-file.ts";
import { watch } from "../../cli/watch.ts";

const MIB = 1024 * 1024;
let deps: Resources;
let api: Api;
let key: string;
let server: ReturnType<typeof Bun.serve>;
let background: { stop(): Promise<void> };
const folder = mkdtempSync(join(tmpdir(), "rushes-cli-"));

beforeAll(async () => {
  deps = await testResources();
  api = await openApi(deps);
  key = await seedKey(deps, api.seed.people.editor.id, ["manage"]);
  const gateway = everyFunction(deps);
  server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => gateway.fetch(request, {}) });
  background = startBackground(deps);
});
afterAll(async () => {
  await server.stop(true);
  await background.stop();
  await deps.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(args: string[], env: Record<string, string> = {}, output = "--json") {
  return Bun.spawn([process.execPath, join(import.meta.dir, "../../cli/rushes.ts"), ...args, output], {
    stdout: "pipe",
    stderr: "pipe",
    env: {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      XDG_STATE_HOME: join(folder, "state"),
      RUSHES_API: `http://127.0.0.1:${server.port}/api`,
      RUSHES_API_KEY: key,
      ...env,
    },
  });
}

async function rushes(args: string[], env: Record<string, string> = {}) {
  const child = start(args, env);
  const [text, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  // Every line must be JSON, or this throws.
  const lines = text
    .split("\n")
    .filter(Boolean)
    // biome-ignore lint/suspicious/noExplicitAny: a test reads what a machine would
    .map((line) => JSON.parse(line) as any);
  return { code, lines, errors };
}

/** The lines of a running call, as they come. */
function heard(output: ReadableStream<Uint8Array>): unknown[] {
  const lines: unknown[] = [];
  let text = "";
  void output.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>).pipeTo(
    new WritableStream<string>({
      write(chunk) {
        const parts = (text + chunk).split("\n");
        text = parts.pop() ?? "";
        lines.push(...parts.filter(Boolean).map((line) => JSON.parse(line) as unknown));
      },
    }),
  );
  return lines;
}

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

test("a folder is uploaded with its structure, hashed while it is read, and locked", async () => {
  const one = clip(200_000);
  file("card/A001/one.mp4", one);
  file("card/A001/one.mp4.rushes.json", Buffer.from('{"camera":"Alexa 35","reel":"A001"}'));
  file("card/.hidden.mp4", clip());
  file("card/notes.txt", Buffer.from("not footage"));
  const { code, lines } = await rushes(["upload", join(folder, "card"), "--project", "Project"]);
  expect(code).toBe(1); // the text file was refused, the rest arrived
  const [uploaded, refused] = ["uploaded", "refused"].map((kind) =>
    lines.find(({ event }) => event === kind),
  );
  expect(uploaded).toMatchObject({
    event: "uploaded",
    state: "locked",
    sha256: createHash("sha256").update(one).digest("hex"),
  });
  expect(refused).toMatchObject({ event: "refused", code: "not-media" });
  const [row] = await deps.sql`select v.client_sha256, v.manifest, f.name as folder, p.name as parent
    from versions v join assets a on a.id = v.asset_id join folders f on f.id = a.folder_id
    join folders p on p.id = f.parent_id where v.id = ${uploaded.versionId}`;
  expect(row).toEqual({
    client_sha256: uploaded.sha256,
    manifest: { camera: "Alexa 35", reel: "A001" },
    folder: "A001",
    parent: "card",
  });
}, 90_000);

test("an upload that was killed goes on where it was, and sends no part twice", async () => {
  const body = clip(100 * MIB);
  const path = file("large.mov", body);
  const child = start(["upload", path, "--project", api.seed.projectId, "--parallel", "1"]);
  const arrived = async () => {
    const list = await api.as("editor").get("/presign?state=open");
    const id = list.body.items[0]?.uploadId;
    return id ? ((await api.as("editor").get(`/presign/${id}`)).body.parts as { partNumber: number }[]) : [];
  };
  await eventually(async () => expect((await arrived()).length).toBeGreaterThanOrEqual(2), {
    withinMs: 60_000,
  });
  child.kill("SIGKILL");
  await child.exited;
  const before = await arrived();
  expect(before.length).toBeLessThan(7);
  const { code, lines } = await rushes(["upload", path, "--project", api.seed.projectId]);
  expect(code).toBe(0);
  const signed = await deps.sql`select count(*)::int as n from uploads where name = 'large.mov'`;
  expect(signed[0]?.n).toBe(1);
  expect(lines.at(-1)).toMatchObject({ sha256: createHash("sha256").update(body).digest("hex") });
}, 120_000);

test("a file that changed since it was looked at is not sent as if it had not", async () => {
  const client = openClient({ base: `http://127.0.0.1:${server.port}/api`, key });
  const memory = openMemory("changed", join(folder, "changed"));
  const report = openReport({ isJson: false, isQuiet: true });
  const { signal } = new AbortController();
  const how = { projectId: api.seed.projectId, parallel: 2, signal };
  for (const bytes of [2000, 40 * MIB]) {
    const path = file(`changed-${bytes}.mp4`, clip(bytes));
    const mark = markOf(path, []);
    for (const change of [
      () => utimesSync(path, new Date(), new Date(mark.modifiedMs + 2000)),
      () => appendFileSync(path, "more"),
    ]) {
      change();
      await expect(uploadFile({ client, memory, report }, mark, how)).rejects.toThrow("changed");
      expect(memory.uploadOf(mark)).toBeUndefined();
    }
    const states = await deps.sql`select distinct state from uploads where name = ${basename(path)}`;
    expect(states.map(({ state }) => state)).toEqual(["aborted"]);
    const again = markOf(path, []);
    expect((await uploadFile({ client, memory, report }, again, how)).versionId).toStartWith("ver_");
  }
}, 60_000);

test("a download takes no other file's place, and says beforehand that the disk has no room", async () => {
  const path = file("own/same-name.mp4", clip(3000));
  const first = (await rushes(["upload", path, "--project", "Project"])).lines.at(-1);
  const place = join(folder, "fetched");
  expect((await rushes(["download", first.versionId, "--to", place])).code).toBe(0);
  expect((await rushes(["download", first.versionId, "--to", place])).code).toBe(0);
  writeFileSync(join(place, "same-name.mp4"), "somebody's own");
  const refused = await rushes(["download", first.versionId, "--to", place]);
  expect([refused.code, refused.lines.at(-1).message]).toEqual([1, expect.stringContaining("another file")]);
  expect(readFileSync(join(place, "same-name.mp4"), "utf8")).toBe("somebody's own");
  await deps.sql`update versions set bytes = 4000000000000000 where id = ${first.versionId}`;
  const full = await rushes(["download", first.versionId, "--to", join(folder, "no-room")]);
  expect([full.code, full.lines.at(-1).message]).toEqual([1, expect.stringContaining("has room for")]);
  await deps.sql`update versions set bytes = 3000 where id = ${first.versionId}`;
  // What this machine refuses is said at once, not after every attempt.
  mkdirSync(join(folder, `blocked/.${first.versionId}.part`), { recursive: true });
  const began = performance.now();
  const blocked = await rushes(["download", first.versionId, "--to", join(folder, "blocked")]);
  expect([blocked.code, blocked.lines.at(-1).message]).toEqual([
    1,
    expect.stringMatching(/EISDIR|longer than/),
  ]);
  expect(performance.now() - began).toBeLessThan(15_000);
}, 60_000);

test("a download is the master, with manifests that verify offline; a changed byte shows", async () => {
  const path = file("take 7.mp4", clip(3 * MIB));
  const sent = await rushes(["upload", path, "--project", api.seed.projectId]);
  const { versionId } = sent.lines.at(-1);
  await verifyMaster(deps, versionId, "request");
  await verifyMaster(deps, versionId, "schedule");
  const to = join(folder, "back");
  const got = await rushes(["download", versionId, "--to", to, "--mhl"]);
  expect(got.code).toBe(0);
  expect(got.lines.at(-1)).toMatchObject({ event: "downloaded", isIntact: true });
  expect(readFileSync(join(to, "take 7.mp4")).equals(readFileSync(path))).toBe(true);
  expect(readdirSync(join(to, "ascmhl")).sort()).toEqual([
    expect.stringMatching(/^0001_ver_.*Z\.mhl$/),
    expect.stringMatching(/^0002_ver_.*Z\.mhl$/),
    "ascmhl_chain.xml",
  ]);
  writeFileSync(join(to, `.${versionId}.part`), Buffer.alloc(MIB));
  const spoiled = await rushes(["download", versionId, "--to", to]);
  expect(spoiled).toMatchObject({ code: 1, lines: [{ message: expect.stringContaining("not the master") }] });
  expect((await rushes(["download", "--to", to, "--mhl", versionId])).code).toBe(0);
  const other = await rushes(["upload", file("take 8.mp4", clip(3000)), "--project", api.seed.projectId]);
  const mixed = await rushes(["download", other.lines.at(-1).versionId, "--to", to, "--mhl"]);
  expect(mixed).toMatchObject({ code: 1, lines: [{ message: expect.stringContaining("other files") }] });
  const offline = { RUSHES_API: "http://127.0.0.1:1/api", RUSHES_API_KEY: "" };
  const intact = await rushes(["verify", join(to, "take 7.mp4"), "--mhl"], offline);
  expect(intact).toMatchObject({ code: 0, lines: [{ isIntact: true }] });
  const online = await rushes(["verify", join(to, "take 7.mp4"), "--version", versionId]);
  expect(online.code).toBe(0);

  appendFileSync(join(to, "take 7.mp4"), "x");
  const changed = await rushes(["verify", join(to, "take 7.mp4"), "--mhl"], offline);
  expect(changed.code).toBe(1);
  expect(changed.lines[0].faults.join()).toContain("xxh128 differs");
  const [manifest = ""] = readdirSync(join(to, "ascmhl")).sort();
  appendFileSync(join(to, "ascmhl", manifest), "<!-- -->");
  const tampered = await rushes(["verify", path, "--mhl", join(to, "ascmhl")], offline);
  expect(tampered.code).toBe(1);
  expect(tampered.lines[0].faults.join()).toContain("was changed after it joined the chain");
}, 90_000);

test("watch takes what has settled, once, and leaves what still grows", async () => {
  const watched = join(folder, "watched");
  file("watched/ready.mp4", clip(5000));
  const child = start(["watch", watched, "--project", api.seed.projectId, "--settle", "1"]);
  const names = async () =>
    (
      await deps.sql<{ name: string }[]>`select name from versions where name in ('ready.mp4', 'growing.mp4')`
    ).map(({ name }) => name);
  const growing = join(watched, "growing.mp4");
  writeFileSync(growing, clip(4000));
  const grow = setInterval(() => appendFileSync(growing, randomBytes(100)), 200);
  await eventually(async () => expect(await names()).toEqual(["ready.mp4"]), { withinMs: 40_000 });
  clearInterval(grow);
  await eventually(async () => expect((await names()).sort()).toEqual(["growing.mp4", "ready.mp4"]), {
    withinMs: 40_000,
  });
  child.kill("SIGINT");
  expect(await child.exited).toBe(130);
  const again = await rushes(["watch", watched, "--project", api.seed.projectId, "--settle", "0", "--once"]);
  expect(again.code).toBe(0);
  expect((await names()).length).toBe(2);
}, 90_000);

test("watch waits for a folder that goes away, and tries a refused file again when its sidecar is mended", async () => {
  const watched = join(folder, "drive");
  file("drive/early.mp4", clip(3000));
  file("drive/early.mp4.rushes.json", Buffer.from("{camera: Alexa}"));
  const child = start(["watch", watched, "--project", api.seed.projectId, "--settle", "0"]);
  const lines = heard(child.stdout);
  const hears = (event: string, name: string) =>
    eventually(
      () => expect(lines).toContainEqual(expect.objectContaining({ event, ...(name ? { file: name } : {}) })),
      { withinMs: 40_000 },
    );
  await hears("refused", join(watched, "early.mp4"));
  file("drive/early.mp4.rushes.json", Buffer.from('{"camera":"Alexa"}'));
  await hears("uploaded", join(watched, "early.mp4"));
  renameSync(watched, `${watched}-away`);
  await hears("folder-away", "");
  file("drive-away/late.mp4", clip(3000));
  renameSync(`${watched}-away`, watched);
  await hears("uploaded", join(watched, "late.mp4"));
  child.kill("SIGINT");
  expect(await child.exited).toBe(130);
  const none = await rushes(["watch", join(folder, "never-there"), "--project", api.seed.projectId]);
  expect([none.code, none.lines.at(-1).event]).toEqual([1, "error"]);
}, 120_000);

test("odd files are told of one by one and stop none of the rest", async () => {
  const names = ["new\nline.mp4", "🎬 \u202egpm.mp4", "plain.mp4"];
  for (const name of names) file(`odd/${name}`, clip(3000));
  file("odd/empty.mp4", Buffer.alloc(0));
  file("odd/broken.mp4", clip(3000));
  file("odd/broken.mp4.rushes.json", Buffer.from("{camera: Alexa}"));
  symlinkSync(file("elsewhere.mp4", clip(3000)), join(folder, "odd/linked.mp4"));
  symlinkSync(join(folder, "nowhere.mp4"), join(folder, "odd/dangling.mp4"));
  symlinkSync(join(folder, "odd"), join(folder, "odd/loop"));
  const { code, lines } = await rushes(["upload", join(folder, "odd"), "--project", "Project"]);
  expect(code).toBe(1);
  const told = (event: string) =>
    lines.filter((line) => line.event === event).map((line) => [basename(line.file), line.code] as const);
  expect(
    told("uploaded")
      .map(([name]) => name)
      .sort(),
  ).toEqual([...names, "linked.mp4"].sort());
  expect(Object.fromEntries(told("refused"))).toEqual({ "empty.mp4": "empty", "broken.mp4": "unreadable" });
  expect(Object.fromEntries(told("left-out"))).toEqual({ "dangling.mp4": "dangling", loop: "linked-folder" });
}, 90_000);

test("a repeated call sends only what the first did not", async () => {
  file("twice/one.mp4", clip(3000));
  const upload = (...more: string[]) =>
    rushes(["upload", join(folder, "twice"), "--project", "Project", "--wait", "accepted", ...more]);
  const [first] = (await upload()).lines;
  file("twice/two.mp4", clip(3000));
  const { code, lines } = await upload();
  expect(code).toBe(0);
  expect(lines.map(({ event, file, versionId }) => [event, basename(file), versionId])).toEqual([
    ["already-uploaded", "one.mp4", first.versionId],
    ["uploaded", "two.mp4", expect.stringMatching(/^ver_/)],
  ]);
  const again = await upload("--again");
  expect(again.lines.map(({ event }) => event)).toEqual(["uploaded", "uploaded"]);
}, 90_000);

test("watch waits out a server that is away for long", async () => {
  const watched = join(folder, "patient");
  file("patient/late.mp4", clip(3000));
  const real = openClient({ base: `http://127.0.0.1:${server.port}/api`, key });
  let asked = 0;
  const client: Client = {
    ...real,
    post: (path, body) => {
      asked += 1;
      if (asked === 1) throw new Refused(0, "unreachable", "nobody answers");
      if (asked === 2) throw new Refused(503, "unavailable", "a part does not answer");
      return real.post(path, body);
    },
  };
  const lines: unknown[] = [];
  const keep = (_: string, line: unknown) => void lines.push(line);
  const code = await watch(
    {
      client,
      memory: openMemory("patient", join(folder, "state")),
      report: { line: keep, fault: keep, progress: () => {}, clear: () => {} },
    },
    watched,
    {
      projectId: api.seed.projectId,
      parallel: 2,
      signal: new AbortController().signal,
      settleMs: 0,
      isOnce: true,
    },
  );
  expect(code).toBe(0);
  expect(lines).toMatchObject([
    { event: "watching" },
    { event: "waiting" },
    { event: "waiting" },
    { event: "uploaded" },
  ]);
}, 60_000);

test("exit codes tell a script what went wrong", async () => {
  expect((await rushes(["upload"])).code).toBe(2);
  expect((await rushes(["dance"])).code).toBe(2);
  expect((await rushes(["verify", "one.mp4", "two.mp4", "three.mp4", "--mhl"])).code).toBe(2);
  expect(await rushes([])).toMatchObject({ code: 2, lines: [{ event: "error", exit: 2 }] });
  const quiet = start(["upload", file("void.mp4", Buffer.alloc(0)), "--project", "Project"], {}, "--quiet");
  expect(await new Response(quiet.stderr).text()).toContain("empty");
  expect(await quiet.exited).toBe(1);
  expect((await rushes(["status"], { RUSHES_API_KEY: "rk_wrong_wrong_wrong" })).code).toBe(3);
  expect((await rushes(["verify", join(folder, "none.mp4"), "--mhl"])).code).toBe(1);
  expect(await start(["status"], {}, "--help").exited).toBe(0);
  const status = await rushes(["status", "--project", "Project"]);
  expect(status.code).toBe(0);
  expect(status.lines).toContainEqual(expect.objectContaining({ event: "upload", state: "refused" }));
}, 90_000);

test("the doctor finds what no row refers to, and removes it only when asked", async () => {
  const env = {
    ...stackEnv(),
    APP_SECRET: deps.config.APP_SECRET,
    POSTGRES_URL: deps.config.POSTGRES_URL,
    REDIS_URL: deps.config.REDIS_URL,
  };
  const { code, lines } = await rushes(["doctor"], env);
  expect(code).toBe(0);
  const found = lines.filter(({ event }) => event === "check").map(({ level, what }) => `${level} ${what}`);
  expect(found).toContain("ok the clock agrees with the storage");
  expect(found).toContain("ok the storage counts of all projects add up");
  expect(lines.at(-1).event).toBe("orphans");
  const broken = await rushes(["doctor"], { ...env, WASABI_ENDPOINT: "http://127.0.0.1:1" });
  expect(broken.code).toBe(1);
}, 120_000);
