import { readdir, readFile, writeFile } from "node:fs/promises";
import { Peaks } from "#gpu/peaks.ts";
import { adminStorage } from "#tests/support/admin-storage.ts";
import { eventually } from "#tests/support/eventually.ts";
import {
  addMaster,
  type PreviewRoom,
  previewObject,
  previewText,
  type SeededMaster,
  versionOf,
} from "#tests/support/previews.ts";
import { spawnWorker, type WorkerProcess } from "#tests/support/worker-process.ts";

interface WorkerRun {
  /** From the master being there to a ready preview. */
  seconds: number;
  cpuSeconds: number;
  rssMb: number;
  prefix: string;
}

const TICKS = 100;

/** Processor seconds of a process and of all it has waited for, from /proc. */
async function cpuSoFar(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) / TICKS;
}

/** With the priority it has in production. */
async function startWorker(room: PreviewRoom, env: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = await spawnWorker(room, env, []);
  await eventually(() => {
    if (!worker.log().includes("worker ready")) throw new Error(worker.log());
  });
  return worker;
}

/** Resident memory of the worker and of all it runs, now. Pages that several share count once. */
async function residentMb(worker: WorkerProcess): Promise<number> {
  let kb = 0;
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const isOurs =
      Number(name) === worker.pid ||
      (await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "")).includes(worker.scratch);
    if (!isOurs) continue;
    const pages = await readFile(`/proc/${name}/smaps_rollup`, "utf8").catch(() => "");
    kb += Number(/^Pss:\s+(\d+)/m.exec(pages)?.[1] ?? 0);
  }
  return kb / 1024;
}

/**
 * Whole builds by a worker of its own, begun together, the last one as a guest: processor time over its life, and the
 * most memory seen.
 */
export async function workerRun(
  room: PreviewRoom,
  clips: string[],
  env: Record<string, string> = {},
): Promise<WorkerRun> {
  const worker = await startWorker(room, env);
  const started = performance.now();
  let rssMb = 0;
  const watch = setInterval(async () => {
    rssMb = Math.max(rssMb, await residentMb(worker));
  }, 250);
  try {
    const masters: SeededMaster[] = [];
    for (const clip of clips) masters.push(await addMaster(room, clip));
    const versions = await eventually(
      async () => {
        const rows = await Promise.all(masters.map(({ versionId }) => versionOf(room, versionId)));
        for (const { state, reason } of rows) if (state !== "ready") throw new Error(`${state}: ${reason}`);
        return rows;
      },
      { withinMs: 900_000, everyMs: 250 },
    );
    const seconds = (performance.now() - started) / 1000;
    return { seconds, cpuSeconds: await cpuSoFar(worker.pid), rssMb, prefix: versions[0]?.preview.prefix };
  } finally {
    clearInterval(watch);
    await worker.remove();
  }
}

/** Seconds from the claim until the version was playable; the build is cancelled then. */
export async function firstSegment(room: PreviewRoom, clip: string): Promise<number> {
  const worker = await startWorker(room);
  try {
    const { versionId, jobId } = await addMaster(room, clip);
    await eventually(
      async () => {
        const { state, reason } = await versionOf(room, versionId);
        if (state !== "playable" && state !== "ready") throw new Error(`${state}: ${reason}`);
      },
      { withinMs: 600_000, everyMs: 100 },
    );
    const { sql } = room.resources;
    const rows = await sql<{ seconds: number }[]>`
      select extract(epoch from o.created_at - j.started_at)::float8 as seconds from preview_jobs j
      join outbox o on o.body ->> 'type' = 'version.playable' and o.body -> 'data' ->> 'jobId' = j.id
      where j.id = ${jobId}`;
    await sql`update preview_jobs set state = 'cancelled', finished_at = now() where id = ${jobId}`;
    await removeMaster(room, versionId);
    return rows[0]?.seconds ?? Number.NaN;
  } finally {
    await worker.remove();
  }
}

/** Gigabytes under retention would stay on the disk of the test instance for a day. */
async function removeMaster(room: PreviewRoom, versionId: string): Promise<void> {
  const version = await versionOf(room, versionId);
  const place = {
    bucket: room.storage.buckets.masters,
    key: version.master_key,
    versionId: version.master_version_id,
  };
  await adminStorage.unlock(place);
  await adminStorage.remove(place);
}

/** The best rung of a finished preview as one file. */
export async function topRung(room: PreviewRoom, prefix: string, path: string): Promise<void> {
  const playlist = await previewText(room, `${prefix}v0.m3u8`);
  const names = ["init_v0.mp4", ...playlist.split("\n").filter((line) => line.endsWith(".m4s"))];
  const parts = await Promise.all(
    names.map(async (name) => Buffer.from((await previewObject(room, prefix + name)).bytes)),
  );
  await writeFile(path, Buffer.concat(parts));
}

/** Processor seconds to turn ten minutes of PCM into peaks. */
export function peaksCpu(): number {
  const chunk = new Uint8Array(
    Int16Array.from({ length: 32_768 }, (_, i) => ((i * 7919) % 65_536) - 32_768).buffer,
  );
  const chunks = Math.ceil((600 * 48_000 * 2) / chunk.byteLength);
  const peaks = new Peaks();
  const before = process.cpuUsage();
  for (let i = 0; i < chunks; i++) peaks.push(chunk);
  peaks.json();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
