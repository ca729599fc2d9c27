import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Resources } from "#core/resources.ts";
import { adminStorage } from "#tests/support/admin-storage.ts";
import { type Client, openClient } from "../../../cli/client.ts";
import { markOf } from "../../../cli/files.ts";
import { openMemory } from "../../../cli/memory.ts";
import { openReport } from "../../../cli/report.ts";
import { type Uploaded, uploadFile } from "../../../cli/upload-file.ts";
import type { Figure } from "../figure.ts";

export const MIB = 1024 * 1024;
export const PARALLEL = 4;

export interface Sender {
  client: Client;
  /** Uploads a file through the API, as people do it; the same file every time. */
  send(path: string): Promise<Uploaded>;
  close(): void;
}

/** The command-line client against an API. */
export function openSender(base: string, key: string, projectId: string): Sender {
  const folder = mkdtempSync(join(tmpdir(), "rushes-bench-"));
  const client = openClient({ base, key });
  const report = openReport({ isJson: false, isQuiet: true });
  let calls = 0;
  return {
    client,
    send(path) {
      calls += 1;
      // A memory of its own each time, so that nothing is taken up again.
      const memory = openMemory(`bench ${calls}`, folder);
      const { signal } = new AbortController();
      return uploadFile({ client, memory, report }, markOf(path, []), {
        projectId,
        parallel: PARALLEL,
        signal,
      });
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Gives the disk back: what only the owner of the bucket may do before a lock is over. */
export async function discardMaster({ sql, promoter }: Resources, versionId: string): Promise<void> {
  const [master] = await sql<{ key: string; versionId: string }[]>`
    select master_key as key, master_version_id as "versionId" from versions where id = ${versionId}`;
  if (master) await adminStorage.remove({ bucket: promoter.buckets.masters, ...master });
}

const quickTimeHead = Buffer.from([0, 0, 0, 20, ...Buffer.from("ftypqt  "), 0, 0, 0, 0]);

/** A file that begins as QuickTime and does not compress. */
export async function makeFile(path: string, mib: number): Promise<void> {
  const file = await open(path, "w");
  const block = randomBytes(MIB);
  quickTimeHead.copy(block);
  for (let i = 0; i < mib; i++) await file.write(block);
  await file.close();
}

/** The same for a size that the disk should not have to hold: all zeros behind the head, read without being stored. */
export async function makeSparseFile(path: string, mib: number): Promise<void> {
  const file = await open(path, "w");
  await file.write(quickTimeHead);
  await file.truncate(mib * MIB);
  await file.close();
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}

export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** How much of the bare speed is left: the median of rounds, each against its own neighbour, since the load drifts. */
export const speedLeft = (id: string, bare: number[], ours: number[], target = 0.9): Figure => ({
  id,
  value: median(bare.map((seconds, round) => seconds / (ours[round] ?? Number.NaN))),
  unit: "x",
  target,
  better: "higher",
});

export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
