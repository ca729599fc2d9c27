import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listKeys } from "#core/storage/prefix.ts";
import { openSandbox, type Sandbox } from "#gpu/sandbox.ts";
import { hostileFiles } from "#tests/fixtures/hostile.ts";
import { eventually } from "#tests/support/eventually.ts";
import {
  addMaster,
  openPreviewRoom,
  type PreviewRoom,
  previewObject,
  versionOf,
} from "#tests/support/previews.ts";
import { type RunningWorker, startWorker } from "#tests/support/worker.ts";
import { processesWith } from "#tests/support/worker-process.ts";

setDefaultTimeout(300_000);

const SECRET = "the-neighbour's-rushes";
const canTrace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;

let room: PreviewRoom;
let worker: RunningWorker;
let folder: string;
let listener: Server;
const knocks: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rushes-hostile-"));
  await mkdir(join(folder, "traces"));
  await writeFile(join(folder, "canary"), SECRET.repeat(200));
  listener = createServer((socket) => {
    knocks.push(String(socket.remotePort));
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  room = await openPreviewRoom();
  worker = await startWorker(room, { tools: { sandbox: traced(openSandbox()) } });
});

afterAll(async () => {
  await worker.stop();
  await room.close();
  listener.close();
  await rm(folder, { recursive: true, force: true });
});

let traces = 0;

/** The real sandbox, watched from outside: every file that is opened and every address that is called. */
function traced(sandbox: Sandbox): Sandbox {
  if (!canTrace) return sandbox;
  return {
    offers: sandbox.offers,
    wrap(command, argv, limits) {
      const inner = sandbox.wrap(command, argv, limits);
      const log = join(folder, "traces", String(traces++));
      const strace = ["-f", "-qq", "-e", "trace=open,openat,connect,sendto,execve", "-s", "200", "-o", log];
      return { command: "strace", argv: [...strace, inner.command, ...inner.argv] };
    },
  };
}

/** What a program may open besides its own scratch: itself, its libraries, fonts and the machine's description. */
const system =
  /^\/(usr|lib|lib64|proc|sys|dev)\/|^\/etc\/(ld\.so|fonts|gcrypt|pki|ssl|localtime|vdpau|OpenCL|alternatives|gnutls|crypto-policies)|^\/var\/cache\/fontconfig/;

async function offences(): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(join(folder, "traces"))) {
    for (const line of (await readFile(join(folder, "traces", name), "utf8")).split("\n")) {
      if (/\b(connect|sendto)\(/.test(line) && /AF_INET/.test(line)) found.push(line);
      const opened = /\bopen(?:at)?\((?:AT_FDCWD, )?"([^"]*)"/.exec(line)?.[1];
      if (opened === undefined || !opened.startsWith("/")) continue;
      if (!system.test(opened) && !opened.startsWith(worker.tools.scratchBase)) found.push(line);
    }
  }
  return found;
}

test("no hostile file causes a connection, a read outside of the scratch folder, a hang or an orphan", async () => {
  const address = listener.address() as { port: number };
  const files = await hostileFiles(folder, address.port, join(folder, "canary"));
  const seeded = await Promise.all(
    files.map(async (file) => ({ file, versionId: (await addMaster(room, file.path)).versionId })),
  );
  for (const { file, versionId } of seeded) {
    const version = await eventually(
      async () => {
        const row = await versionOf(room, versionId);
        if (row.state !== "ready" && row.state !== "failed") throw new Error(`${file.name} is ${row.state}`);
        return row;
      },
      { withinMs: 240_000 },
    );
    if (file.ends === "failed") expect([file.name, version.state]).toEqual([file.name, "failed"]);
    if (version.state === "failed") expect(version.reason.length).toBeGreaterThan(40);
    for await (const { key } of listKeys(
      room.storage,
      room.storage.buckets.previews,
      `assets/${versionId}/`,
    )) {
      const { bytes } = await previewObject(room, key);
      expect(Buffer.from(bytes).includes(SECRET)).toBe(false);
    }
  }
  expect(knocks).toEqual([]);
  expect(await processesWith(worker.tools.scratchBase)).toEqual([]);
  expect(await readdir(worker.tools.scratchBase)).toEqual([]);
  if (canTrace) {
    expect(await offences()).toEqual([]);
    expect(traces).toBeGreaterThanOrEqual(files.length);
  }
});

test("the watch would have seen it: without the lists, the same file knocks", async () => {
  if (!canTrace) return;
  const address = listener.address() as { port: number };
  const path = join(folder, "unguarded.m3u8");
  await writeFile(
    path,
    `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:${address.port}/x.ts\n#EXT-X-ENDLIST\n`,
  );
  const argv = ["-v", "error", "-protocol_whitelist", "file,http,tcp", `file:${path}`];
  const child = Bun.spawn(["ffprobe", ...argv], { stdout: "ignore", stderr: "ignore" });
  await child.exited;
  await eventually(() => expect(knocks.length).toBeGreaterThan(0));
});

test("what runs has no network where that is permitted, limited memory and time, and no environment of ours", async () => {
  const permitted = [["-n"], ["-rn"]].some((flags) => spawnSync("unshare", [...flags, "true"]).status === 0);
  const { noNetwork, limits, diesWithParent } = worker.tools.sandbox.offers;
  expect({ noNetwork, limits, diesWithParent }).toEqual({
    noNetwork: permitted,
    limits: true,
    diesWithParent: true,
  });
  const wrapped = openSandbox().wrap("sh", ["-c", "ulimit -a; cat /proc/net/dev | wc -l"], {
    memoryBytes: 1_073_741_824,
    cpuSeconds: 7,
    fileBytes: 4096,
  });
  const { stdout } = spawnSync(wrapped.command, wrapped.argv, { encoding: "utf8" });
  expect(stdout).toMatch(/time\(seconds\)\s+7|cpu time.*7/);
  expect(stdout).toMatch(/1048576/);
  // two lines of heading and the loopback that is down
  if (permitted) expect(stdout.trim().split("\n").at(-1)).toBe("3");
});
