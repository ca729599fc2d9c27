import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openRedis } from "#core/db/redis.ts";
import { eventually } from "#tests/support/eventually.ts";
import { freePort } from "./port.ts";

/** A Redis that may be killed: its own process, its own folder, append-only file on. */
export interface OwnRedis {
  readonly url: string;
  readonly folder: string;
  start(): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  end(): Promise<void>;
}

export async function openOwnRedis({ diskMb }: { diskMb?: number } = {}): Promise<OwnRedis> {
  const folder = await mkdtemp(join(tmpdir(), "rushes-chaos-redis-"));
  if (diskMb !== undefined) await mountSmallDisk(folder, diskMb);
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}/0`;
  let process: Bun.Subprocess | undefined;

  async function start() {
    process = Bun.spawn(
      [
        "redis-server",
        "--port",
        String(port),
        "--bind",
        "127.0.0.1",
        "--dir",
        folder,
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--save",
        "",
        "--maxmemory-policy",
        "noeviction",
      ],
      { stdout: "ignore", stderr: "ignore" },
    );
    const client = openRedis(url);
    await eventually(async () => {
      if ((await client.ping()) !== "PONG") throw new Error("Redis does not answer");
    }).finally(() => client.disconnect());
  }

  async function kill(signal: NodeJS.Signals = "SIGKILL") {
    process?.kill(signal);
    await process?.exited;
  }

  await start();
  return {
    url,
    folder,
    start,
    kill,
    async end() {
      await kill();
      if (diskMb !== undefined) await unmount(folder);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function mountSmallDisk(folder: string, megabytes: number): Promise<void> {
  const mounted = Bun.spawn(["mount", "-t", "tmpfs", "-o", `size=${megabytes}m,mode=0777`, "tmpfs", folder], {
    stderr: "pipe",
  });
  if ((await mounted.exited) !== 0)
    throw new Error(
      `a small disk cannot be mounted here: ${(await new Response(mounted.stderr).text()).trim()}`,
    );
}

export async function unmount(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    if ((await Bun.spawn(["umount", folder], { stderr: "ignore" }).exited) === 0) return;
    await pause(100);
  }
}
