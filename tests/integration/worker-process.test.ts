import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { clip } from "#tests/fixtures/clips.ts";
import { eventually } from "#tests/support/eventually.ts";
import { addMaster, openPreviewRoom, type PreviewRoom, versionOf } from "#tests/support/previews.ts";
import { processesWith, spawnWorker, type WorkerProcess } from "#tests/support/worker-process.ts";

setDefaultTimeout(300_000);

let room: PreviewRoom;
const started: WorkerProcess[] = [];

beforeAll(async () => {
  room = await openPreviewRoom();
});

afterEach(async () => {
  for (const worker of started.splice(0)) await worker.remove();
});

afterAll(() => room.close());

async function start(): Promise<WorkerProcess> {
  const worker = await spawnWorker(room);
  started.push(worker);
  await eventually(() => expect(worker.log()).toContain("worker ready"));
  return worker;
}

const inState = (versionId: string, state: string) =>
  eventually(
    async () => {
      const version = await versionOf(room, versionId);
      if (version.state !== state) throw new Error(`${version.state}: ${version.reason}`);
      return version;
    },
    { withinMs: 240_000 },
  );

const jobOf = async (jobId: string) =>
  (await room.resources.sql`select * from preview_jobs where id = ${jobId}`)[0];

/** What the reconciler does for a job whose worker has been silent. */
async function reconcile(jobId: string): Promise<void> {
  await room.resources.sql`
    update preview_jobs set heartbeat_at = now() - interval '1 hour' where id = ${jobId} and state = 'running'`;
  await room.queue.enqueue([{ key: jobId, body: { v: 1, id: jobId } }]);
}

test("SIGTERM hands the job back within seconds, without an attempt used, and another worker finishes it", async () => {
  const first = await start();
  const { versionId, jobId } = await addMaster(room, await clip(12));
  await inState(versionId, "playable");
  const asked = performance.now();
  first.signal("SIGTERM");
  expect(await first.ended).toBe(0);
  expect(performance.now() - asked).toBeLessThan(5_000);
  expect(await jobOf(jobId)).toMatchObject({ state: "queued", attempts: 0, fence: 1 });
  expect(await processesWith(first.scratch)).toEqual([]);

  await start();
  const version = await inState(versionId, "ready");
  expect(version.preview.prefix).toEndWith(".2/");
  expect(await jobOf(jobId)).toMatchObject({ state: "done", attempts: 1 });
});

test("kill -9 leaves no ffmpeg behind; the next worker clears the scratch and finishes the job", async () => {
  const first = await start();
  const { versionId, jobId } = await addMaster(room, await clip(12));
  await inState(versionId, "playable");
  expect((await processesWith(first.scratch)).some(({ command }) => command.includes("ffmpeg"))).toBe(true);
  first.signal("SIGKILL");
  expect(await first.ended).toBe("SIGKILL");
  await eventually(async () => expect(await processesWith(first.scratch)).toEqual([]));

  const second = await spawnWorker(room, { SCRATCH_PATH: first.scratch });
  started.push(second);
  await reconcile(jobId);
  await inState(versionId, "ready");
  expect(await jobOf(jobId)).toMatchObject({ state: "done", attempts: 2, fence: 2 });
  await eventually(async () => {
    const left = await readdir(first.scratch, { recursive: true });
    expect(left.filter((name) => name.includes("job_"))).toEqual([]);
  });
});

test("a worker that slept past its lease never publishes", async () => {
  const sleeper = await start();
  const { versionId, jobId } = await addMaster(room, await clip(12));
  await inState(versionId, "playable");
  sleeper.signal("SIGSTOP");
  await reconcile(jobId);
  await start();
  const version = await inState(versionId, "ready");
  expect(version.preview.prefix).toEndWith(".2/");
  sleeper.signal("SIGCONT");
  await eventually(() => expect(sleeper.log()).toContain("taken over"), { withinMs: 240_000 });
  expect((await versionOf(room, versionId)).preview).toEqual(version.preview);
  expect(await jobOf(jobId)).toMatchObject({ state: "done", fence: 2 });
});
