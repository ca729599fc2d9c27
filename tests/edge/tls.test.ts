import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Edge, startEdge } from "./support/edge.ts";
import { ownVersion, patterned, putPreview } from "./support/previews.ts";

setDefaultTimeout(30_000);
const version = ownVersion();
const folder = mkdtempSync(join(tmpdir(), "rushes-tls-"));
let edge: Edge;

function makeCertificate(name: string): void {
  const made = Bun.spawnSync([
    ..."openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj".split(" "),
    `/CN=${name}`,
    ..."-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout".split(" "),
    join(folder, "key.new"),
    "-out",
    join(folder, "cert.new"),
  ]);
  if (!made.success) throw new Error(made.stderr.toString());
  // New files, as a renewal makes them: nginx 1.27 and later keep a certificate whose file and time are the same.
  for (const file of ["key", "cert"]) renameSync(join(folder, `${file}.new`), join(folder, `${file}.pem`));
}

beforeAll(async () => {
  makeCertificate("first");
  await putPreview(version, "a.m4s", patterned(70_000));
  await putPreview(version, "b.mp4", patterned(2_200_000));
  edge = await startEdge({ EDGE_TLS_CERT: join(folder, "cert.pem"), EDGE_TLS_KEY: join(folder, "key.pem") });
});
afterAll(async () => {
  await edge.end();
  rmSync(folder, { recursive: true });
});

function overHttp2(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Buffer }> {
  const client = connect(edge.base, { rejectUnauthorized: false });
  return new Promise((resolve, reject) => {
    client.on("error", reject);
    const stream = client.request({ ":path": url.slice(edge.base.length), ...headers });
    const chunks: Buffer[] = [];
    let status = 0;
    stream.on("response", (head) => {
      status = Number(head[":status"]);
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      client.close();
      resolve({ status, body: Buffer.concat(chunks) });
    });
  });
}

test("speaks HTTP/2, with ranges, and refuses there as well", async () => {
  const whole = await overHttp2(edge.url(version, "a.m4s"));
  expect([whole.status, whole.body.length]).toEqual([200, 70_000]);
  const part = await overHttp2(edge.url(version, "b.mp4"), { range: "bytes=1048570-1048589" });
  expect(part.status).toBe(206);
  expect(new Uint8Array(part.body)).toEqual(patterned(2_200_000).slice(1_048_570, 1_048_590));
  expect((await overHttp2(edge.url(version, "a.m4s").replace(version, `${version}x`))).status).toBe(403);
  expect((await overHttp2(`${edge.url(version, "a.m4s")}?x=1`)).status).toBe(400);
  expect((await overHttp2(edge.url(version, "%61.m4s"))).status).toBe(400);
});

test("speaks HTTP/1.1 over TLS to those who ask for it", async () => {
  const answer = await fetch(edge.url(version, "a.m4s"), { tls: { rejectUnauthorized: false } });
  expect(answer.status).toBe(200);
});

test("takes a renewed certificate on SIGHUP, without a restart", async () => {
  const subject = () =>
    Bun.spawnSync(["openssl", "s_client", "-connect", `127.0.0.1:${edge.port}`, "-servername", "localhost"], {
      stdin: Buffer.from(""),
    }).stdout.toString();
  expect(subject()).toContain("CN = first");
  makeCertificate("second");
  process.kill(edge.pid, "SIGHUP");
  for (let at = 0; at < 50 && !subject().includes("CN = second"); at++) await Bun.sleep(50);
  expect(subject()).toContain("CN = second");
});
