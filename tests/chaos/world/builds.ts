import { expect } from "bun:test";
import { readdir } from "node:fs/promises";
import { sweepLeftovers } from "#core/previews/sweep-leftovers.ts";
import { listKeys } from "#core/storage/prefix.ts";
import { eventually } from "#tests/support/eventually.ts";
import { openPreviewRoom, type PreviewRoom, versionOf } from "#tests/support/previews.ts";
import { processesWith, spawnWorker, type WorkerProcess } from "#tests/support/worker-process.ts";

/** Previews in the making, by worker processes that may be killed. */
export interface Builds {
  room: PreviewRoom;
  /** Starts a worker and waits until it takes jobs. */
  start(env?: Record<string, string>): Promise<WorkerProcess>;
  /** Waits for the state of a version and answers its row. */
  inState(versionId: string, state: string): ReturnType<typeof versionOf>;
  job(jobId: string): Promise<Record<string, unknown> | undefined>;
  /** What the reconciler does for a job whose worker has been silent. */
  reconcile(jobId: string): Promise<void>;
}

/** Opens a room for one test, checks at the end that every build came to one end and left nothing, and closes it. */
export async function inBuilds(work: (builds: Builds) => Promise<void>): Promise<void> {
  const room = await openPreviewRoom();
  const { sql } = room.resources;
  const started: WorkerProcess[] = [];
  try {
    await work({
      room,
      async start(env) {
        const worker = await spawnWorker(room, env);
        started.push(worker);
        await eventually(() => expect(worker.log()).toContain("worker ready"));
        return worker;
      },
      inState: (versionId, state) =>
        eventually(
          async () => {
            const version = await versionOf(room, versionId);
            if (version.state !== state) throw new Error(`${version.state}: ${version.reason}`);
            return version;
          },
          { withinMs: 240_000 },
        ),
      job: async (jobId) => (await sql`select * from preview_jobs where id = ${jobId}`)[0],
      async reconcile(jobId) {
        await sql`update preview_jobs set heartbeat_at = now() - interval '1 hour'
          where id = ${jobId} and state = 'running'`;
        await room.queue.enqueue([{ key: jobId, body: { v: 1, id: jobId } }]);
      },
    });
    await expectBuilt(
      room,
      started.map(({ scratch }) => scratch),
    );
  } finally {
    for (const worker of started) await worker.remove();
    await room.close();
  }
}

/**
 * Every version is shown by exactly one finished job, or failed with a reason; and nothing is orphaned: no object of
 * another attempt, no file in a scratch folder, no process that works in one.
 */
export async function expectBuilt(room: PreviewRoom, scratches: string[]): Promise<void> {
  const { sql } = room.resources;
  const versions = await sql<{ id: string; state: string; reason: string | null; prefix: string | null }[]>`
    select id, state, reason, preview ->> 'prefix' as prefix from versions`;
  expect(versions.length).toBeGreaterThan(0);
  // As if two days had passed: what viewers may still be watching is let go.
  const now = { graceMs: 0, limit: 100, signal: new AbortController().signal };
  await sweepLeftovers(room.resources, now);
  for (const { id, state, reason, prefix } of versions) {
    if (state !== "ready") expect([state, reason]).toEqual(["failed", expect.any(String)]);
    const done = await sql`select 1 from preview_jobs where version_id = ${id} and state = 'done'`;
    expect(done).toHaveLength(state === "ready" ? 1 : 0);
    await eventually(async () => {
      const keys = await Array.fromAsync(
        listKeys(room.storage, room.storage.buckets.previews, `assets/${id}/`),
      );
      const prefixes = new Set(keys.map(({ key }) => `${key.split("/").slice(0, 3).join("/")}/`));
      expect([...prefixes]).toEqual(state === "ready" && prefix ? [prefix] : []);
    });
  }
  expect(await sql`select 1 from preview_jobs where state in ('queued', 'running')`).toHaveLength(0);
  for (const scratch of scratches)
    await eventually(async () => {
      const left = await readdir(scratch, { recursive: true });
      expect(left.filter((name) => name.includes("job_"))).toEqual([]);
      const encoders = (await processesWith(scratch)).filter(({ command }) => command.includes("ffmpeg"));
      expect(encoders).toEqual([]);
    });
}
