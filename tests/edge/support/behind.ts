import { expect } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "#tests/support/eventually.ts";
import { type Edge, startEdge } from "./edge.ts";
import { type Origin, startOrigin } from "./origin.ts";
import { ownVersion, patterned, putPreview } from "./previews.ts";
import { rawRequest } from "./raw.ts";

/** An edge before a storage that can break, with one warm object of 60,000 bytes. */
export interface Behind {
  origin: Origin;
  edge: Edge;
  version: string;
  read(rest: string): ReturnType<typeof rawRequest>;
  /** Reads an object that must arrive whole. */
  whole(rest: string, bytes: number): Promise<void>;
  /** Ends both, and fails if the edge has left something that is no object: half of one, a file of a request. */
  end(): Promise<void>;
}

export async function openBehind(): Promise<Behind> {
  const version = ownVersion();
  const origin = await startOrigin();
  const edge = await startEdge({ WASABI_ENDPOINT: origin.endpoint, EDGE_ORIGIN_TIMEOUT_SECONDS: "2" });
  const behind: Behind = {
    origin,
    edge,
    version,
    read: (rest) =>
      rawRequest(behind.edge.port, "GET", behind.edge.url(version, rest).slice(behind.edge.base.length), [], {
        timeoutMs: 20_000,
      }),
    async whole(rest, bytes) {
      const answer = await behind.read(rest);
      expect([answer.status, answer.whole, answer.body.length]).toEqual([200, true, bytes]);
    },
    async end() {
      try {
        await eventually(async () => expect(await leftBy(behind.edge)).toEqual([]));
      } finally {
        await behind.edge.end();
        await behind.origin.close();
      }
    },
  };
  await putPreview(version, "warm.m4s", patterned(60_000));
  await behind.read("warm.m4s");
  return behind;
}

async function leftBy({ cachePath, runPath }: Edge): Promise<string[]> {
  const list = (folder: string) => readdir(folder, { recursive: true, withFileTypes: true });
  const files = [...(await list(join(cachePath, "objects"))), ...(await list(join(runPath, "temp")))];
  return files.filter((file) => file.isFile() && !/^[0-9a-f]{32}$/.test(file.name)).map(({ name }) => name);
}
