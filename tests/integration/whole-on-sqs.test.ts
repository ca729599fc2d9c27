import { expect, test } from "bun:test";
import { join } from "node:path";
import { sqsEnvironment } from "#dev/sqs-environment.ts";
import { judge, startLoad } from "#tests/chaos/world/load.ts";
import { freePort } from "#tests/chaos/world/port.ts";
import { inWorld } from "#tests/chaos/world/world.ts";
import { eventually } from "#tests/support/eventually.ts";

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
