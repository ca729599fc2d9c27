import { statSync } from "node:fs";
import type { Client } from "./client.ts";
import { hashFile } from "./hash-file.ts";
import type { Report } from "./report.ts";
import type { Verdict } from "./verify.ts";

/** Compares a file with what the custody of a version says. */
export async function verifyOnline(
  client: Client,
  report: Report,
  file: string,
  versionId: string,
): Promise<Verdict> {
  const custody = await client.get<{
    hashes: { sha256: string | null; client: string | null };
    storage: { bytes: number };
  }>(`/versions/${versionId}/custody`);
  const wanted = custody.hashes.sha256 ?? custody.hashes.client;
  const total = statSync(file).size;
  const { bytes, hashes } = await hashFile(file, ["sha256"], (done) => report.progress(file, done, total));
  const faults = [
    ...(bytes === custody.storage.bytes
      ? []
      : [`the file has ${bytes} bytes, the master ${custody.storage.bytes}`]),
    ...(wanted === null ? ["no hash of this version is on record yet; try again when it is ready"] : []),
    ...(wanted !== null && wanted !== hashes.sha256 ? [`sha256 differs: the custody says ${wanted}`] : []),
  ];
  return { file, isIntact: faults.length === 0, faults, hashes: { ...hashes }, manifests: [] };
}
