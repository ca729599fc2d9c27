import { expect, test } from "bun:test";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { openDatabase } from "#core/db/db.ts";
import { stackEnv } from "#tests/support/stack.ts";

/** Why the driver is patched, see docs/adr/0005. */
test("while connections break no query is answered with nothing, and the whole pool works again afterwards", async () => {
  const probe = Bun.spawn([process.execPath, join(import.meta.dir, "../support/driver-probe.ts")], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const timer = setTimeout(() => probe.kill("SIGKILL"), 25_000);
  const text = await new Response(probe.stdout).text();
  clearTimeout(timer);
  expect(await probe.exited).toBe(0);
  const { answered, failed, empty, afterwards } = JSON.parse(text) as Record<string, number>;
  expect(empty).toBe(0);
  expect(answered).toBeGreaterThan(50);
  expect(failed).toBeGreaterThan(0);
  expect(afterwards).toBeGreaterThan(20);
}, 30_000);

test("a connection that breaks while the driver asks for the types fails its query and nothing else", async () => {
  const { hostname, port, href } = new URL(stackEnv().POSTGRES_URL ?? "");
  const proxy = createServer((near) => {
    const far = connect(Number(port), hostname);
    near.on("data", (bytes) => (bytes.includes("pg_type") ? near.resetAndDestroy() : far.write(bytes)));
    far.pipe(near);
    for (const socket of [near, far]) socket.on("error", () => {});
    near.on("close", () => far.destroy());
  });
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  const url = new URL(href);
  url.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const sql = openDatabase(url.href, { pool: 1, name: "driver-test" });
  // A rejection that nobody handles fails the test, and would end the API.
  const failure = await sql`select 1`.catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "ECONNRESET" });
  await sql.end({ timeout: 1 });
  proxy.close();
});
