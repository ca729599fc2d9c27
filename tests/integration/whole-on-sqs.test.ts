import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sqsEnvironment } from "#dev/sqs-environment.ts";
import { judge, startLoad } from "#tests/chaos/world/load.ts";
import { freePort } from "#tests/chaos/world/port.ts";
import { inWorld } from "#tests/chaos/world/world.ts";
import { shortClip } from "#tests/fixtures/clips.ts";
import { eventually } from "#tests/support/eventually.ts";
import { spawnWorker } from "#tests/support/worker-process.ts";

/** The server of `make dev QUEUE=sqs`, as a process of its own. */
async function withSqs(work: (environment: Record<string, string>) => Promise<void>): Promise<void> {
  const port = await freePort();
  const server = Bun.spawn([process.execPath, join(import.meta.dir, "../../dev/sqs.ts"), String(port)], {
    stdout: "ignore",
    stderr: "inherit",
  });
  try {
    await eventually(async () => expect((await fetch(`http://127.0.0.1:${port}/health`)).ok).toBe(true));
    await work(sqsEnvironment(port));
  } finally {
    server.kill();
    await server.exited;
  }
}

test("by one setting the product runs on SQS: every comment becomes an event and a delivery, once", async () => {
  await withSqs((env) =>
    inWorld({ env }, async (world) => {
      await Promise.all([world.api(), world.api()]);
      const load = startLoad(world, { jobs: 60, clients: 4 });
      await load.done;
      expect(await judge(world, load)).toEqual({ settled: 60, lost: 0, doubled: 0 });
    }),
  );
}, 90_000);

test("by one setting the product runs on SQS: an upload becomes a master and a preview, and takes a comment", async () => {
  await withSqs((env) =>
    inWorld({ env }, async (world) => {
      const { base } = await world.api();
      const worker = await spawnWorker({
        environment: { ...world.env, GPU_DEVICE: "none", WORKER_PORT: "0" },
      });
      const ask = async (method: string, path: string, body?: object) => {
        const answer = await fetch(`${base}${path}`, {
          method,
          headers: { authorization: `Bearer ${world.key}`, "content-type": "application/json" },
          ...(body ? { body: JSON.stringify(body) } : {}),
        });
        expect(answer.ok).toBe(true);
        return answer.json();
      };
      try {
        const clip = await readFile(await shortClip(2, 60));
        const { uploadId, put } = await ask("POST", "/presign", {
          projectId: world.seed.projectId,
          name: "clip.mp4",
          bytes: clip.length,
          contentType: "video/mp4",
        });
        expect((await fetch(put.url, { method: "PUT", body: clip, headers: put.headers })).status).toBe(200);
        const { versionId } = await ask("POST", "/promote", { uploadId });
        await eventually(
          async () => expect((await ask("GET", `/versions/${versionId}`)).state).toBe("ready"),
          {
            withinMs: 60_000,
            everyMs: 250,
          },
        );
        await ask("POST", "/comments", { versionId, frame: 3, text: "job 0" });
        await eventually(async () =>
          expect(
            await world.sql`select 1 from webhook_deliveries where type = 'comment.created' and state = 'delivered'`,
          ).toHaveLength(1),
        );
      } finally {
        await worker.remove();
      }
    }),
  );
}, 120_000);
