import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.ts";

const binary = "/usr/sbin/clamd";
export const hasClamd = existsSync(binary);

/** Bytes that the test's own signature database calls `Rushes.Test`. Harmless, and known to no other scanner. */
export const marked = Buffer.from("RUSHES-TEST-SIGNATURE-7f3a9c51e2d84b06");

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address ? address.port : 0;
}

/** A real clamd with one signature, on a port of its own. `streamMax` is its StreamMaxLength. */
export async function startClamd(streamMax = "200M"): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "rushes-clamd-"));
  const database = join(folder, "db");
  mkdirSync(database);
  writeFileSync(join(database, "test.ndb"), `Rushes.Test:0:*:${marked.toString("hex")}\n`);
  const port = await freePort();
  const config = join(folder, "clamd.conf");
  writeFileSync(
    config,
    [
      "Foreground yes",
      "TCPAddr 127.0.0.1",
      `TCPSocket ${port}`,
      `DatabaseDirectory ${database}`,
      `TemporaryDirectory ${folder}`,
      `StreamMaxLength ${streamMax}`,
      "MaxScanSize 400M",
      "MaxFileSize 400M",
      "LogFile /dev/null",
      "",
    ].join("\n"),
  );
  const child = Bun.spawn([binary, "--config-file", config], { stdout: "ignore", stderr: "ignore" });
  await eventually(
    async () => {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
      socket.end();
    },
    { withinMs: 20_000 },
  );
  return {
    url: `clamd://127.0.0.1:${port}`,
    async stop() {
      child.kill();
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
