import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signEdgeToken } from "#core/signing/edge-token.ts";
import { eventually } from "#tests/support/eventually.ts";
import { canMount, ownMounts } from "#tests/support/mounts.ts";
import { control, currentKey, type Edge, previousKey, soon, startEdge } from "./support/edge.ts";
import { ownVersion, patterned, putPreview } from "./support/previews.ts";
import { rawRequest } from "./support/raw.ts";

setDefaultTimeout(60_000);
const isRoot = process.getuid?.() === 0;

test("keys rotate with an overlap, and a key that is taken out opens nothing, remembered or not", async () => {
  const version = ownVersion();
  await putPreview(version, "a.m4s", "x");
  const next = { kid: "k3", secret: "the-next-secret-of-the-edge-tests-no-3" };
  const pair = (key: typeof next) => `${key.kid}:${key.secret}`;
  let edge = await startEdge();
  const ask = async (key: typeof next) =>
    (await fetch(`${edge.base}${signEdgeToken(key, version, soon())}a.m4s`)).status;
  try {
    expect([await ask(previousKey), await ask(currentKey), await ask(next)]).toEqual([200, 200, 403]);
    edge = await edge.restart({ EDGE_SIGNING_KEY: pair(next), EDGE_SIGNING_KEY_PREVIOUS: pair(currentKey) });
    expect([await ask(previousKey), await ask(currentKey), await ask(next)]).toEqual([403, 200, 200]);
    edge = await edge.restart({ EDGE_SIGNING_KEY: pair(next), EDGE_SIGNING_KEY_PREVIOUS: "" });
    expect([await ask(previousKey), await ask(currentKey), await ask(next)]).toEqual([403, 403, 200]);
  } finally {
    await edge.end();
  }
});

test("a token ends at its second, although it was remembered", async () => {
  const version = ownVersion();
  await putPreview(version, "a.m4s", "x");
  const edge = await startEdge();
  try {
    const exp = Math.floor(Date.now() / 1000) + 3;
    const url = `${edge.base}${signEdgeToken(currentKey, version, exp)}a.m4s`;
    expect((await fetch(url)).status).toBe(200);
    await Bun.sleep(exp * 1000 - Date.now() - 300);
    expect((await fetch(url)).status).toBe(200);
    await Bun.sleep(exp * 1000 - Date.now() + 100);
    const over = await fetch(url);
    expect([over.status, await over.text()]).toEqual([403, "expired\n"]);
  } finally {
    await edge.end();
  }
});

test.if(isRoot)("runs as well without root", async () => {
  const version = ownVersion();
  await putPreview(version, "a.m4s", "x");
  const folder = mkdtempSync(join(tmpdir(), "rushes-plain-"));
  chmodSync(folder, 0o777);
  // The clone may lie where only root can look.
  const home = join(folder, "edge");
  cpSync(join(import.meta.dir, "../../edge"), home, { recursive: true });
  Bun.spawnSync(["chmod", "-R", "a+rX", home]);
  const edge = await startEdge(
    { CACHE_PATH: join(folder, "cache"), EDGE_RUN_PATH: join(folder, "run") },
    { home, under: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] },
  );
  try {
    expect((await fetch(edge.url(version, "a.m4s"))).status).toBe(200);
    expect((await control(edge, "POST", `/purge/${version}`, { deny: true })).status).toBe(200);
    expect((await fetch(edge.url(version, "a.m4s"))).status).toBe(410);
  } finally {
    await edge.end();
    rmSync(folder, { recursive: true });
  }
});

test("QUIT lets a download finish, and the process ends", async () => {
  const version = ownVersion();
  await putPreview(version, "long.m4s", patterned(12_000_000));
  const edge = await startEdge();
  const answer = await fetch(edge.url(version, "long.m4s"));
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  process.kill(edge.pid, "SIGQUIT");
  await Bun.sleep(300);
  let bytes = first?.value?.length ?? 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    bytes += part.value.length;
  expect(bytes).toBe(12_000_000);
  await eventually(() => expect(() => process.kill(edge.pid, 0)).toThrow());
  await edge.end();
});

test("after its start script was killed the edge is started again on the same folders and ports", async () => {
  const version = ownVersion();
  await putPreview(version, "a.m4s", "x");
  let edge = await startEdge();
  try {
    expect((await fetch(edge.url(version, "a.m4s"))).status).toBe(200);
    process.kill(edge.pid, "SIGKILL");
    await Bun.sleep(300);
    expect((await fetch(edge.url(version, "a.m4s"))).status).toBe(200);
    edge = await edge.restart();
    const again = await fetch(edge.url(version, "a.m4s"));
    expect([again.status, again.headers.get("x-cache")]).toEqual([200, "HIT"]);
  } finally {
    await edge.end();
  }
});

test("a second edge on the folders of a running one is refused", async () => {
  const edge = await startEdge();
  try {
    const other = { CACHE_PATH: edge.cachePath, EDGE_RUN_PATH: edge.runPath };
    await expect(startEdge(other)).rejects.toThrow("belongs to an edge that runs");
    expect((await fetch(`${edge.control}/healthz`)).status).toBe(200);
  } finally {
    await edge.end();
  }
});

describe.skipIf(!canMount)("a volume without room", () => {
  const volumeBytes = 40_000_000;

  /** An edge whose cache is a small tmpfs of its own. */
  async function startOnSmallVolume(): Promise<{
    edge: Edge;
    inside: (script: string) => string;
    end(): Promise<void>;
  }> {
    const folder = mkdtempSync(join(tmpdir(), "rushes-small-"));
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, "cache"));
    const mount = `mount -t tmpfs -o size=${volumeBytes},mode=755 tmpfs ${folder}/cache && exec "$@"`;
    const edge = await startEdge(
      {
        CACHE_PATH: join(folder, "cache"),
        CACHE_MAX_BYTES: "1000000000",
        CACHE_MIN_FREE_BYTES: "12000000",
        ...(isRoot ? {} : { EDGE_USER: "root" }),
      },
      { under: ["unshare", ...ownMounts, "sh", "-c", mount, "sh"] },
    );
    const inside = (script: string) => {
      const pid = readFileSync(join(edge.runPath, "nginx.pid"), "utf8").trim();
      const flags = isRoot ? ["-m"] : ["-U", "-m", "--preserve-credentials"];
      const run = Bun.spawnSync(["nsenter", "-t", pid, ...flags, "sh", "-c", script]);
      return run.stdout.toString() + run.stderr.toString();
    };
    return {
      edge,
      inside,
      async end() {
        await edge.end();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }

  test("keeps playing while it fills, takes versions down while it is full, and recovers", async () => {
    const { edge, inside, end } = await startOnSmallVolume();
    try {
      const version = ownVersion();
      const names = Array.from({ length: 24 }, (_, at) => `part-${at}.m4s`);
      await Promise.all(names.map((name) => putPreview(version, name, patterned(2_000_000))));
      const read = async (name: string) => {
        const answer = await rawRequest(edge.port, "GET", edge.url(version, name).slice(edge.base.length));
        return answer.status === 200 && answer.whole && answer.body.length === 2_000_000;
      };

      // more than the volume holds, a little slower than the edge looks at it
      for (const name of names) {
        expect(await read(name)).toBe(true);
        await Bun.sleep(300);
      }

      // somebody else takes the rest of it
      inside(`head -c ${volumeBytes} /dev/zero >${edge.cachePath}/stranger`);
      await eventually(() => expect(edge.faults()).toContain("no room"));
      for (const name of names.slice(0, 10)) expect(await read(name)).toBe(true);
      const denied = await control(edge, "POST", `/purge/${version}`, { deny: true });
      expect(denied.status).toBe(200);
      expect(await read(names[0] ?? "")).toBe(false);

      inside(`rm ${edge.cachePath}/stranger`);
      await eventually(() => expect(edge.faults()).toContain("room again"), { withinMs: 20_000 });
      await control(edge, "POST", `/purge/${version}`, { deny: false });
      expect(await read(names[0] ?? "")).toBe(true);
      await eventually(async () => {
        await read(names[0] ?? "");
        const again = await fetch(edge.url(version, names[0] ?? ""));
        expect(again.headers.get("x-cache")).toBe("HIT");
      });
    } finally {
      await end();
    }
  });
});
