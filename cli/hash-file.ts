import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createXXHash3, createXXHash64, createXXHash128 } from "hash-wasm";
import { c4Of } from "#core/custody/digest.ts";

export const hashFormats = ["sha256", "md5", "sha1", "c4", "xxh64", "xxh3", "xxh128"] as const;
export type HashFormat = (typeof hashFormats)[number];

interface Running {
  update(chunk: Uint8Array): void;
  finish(): string;
}

async function begin(format: HashFormat): Promise<Running> {
  if (format === "c4") {
    const sha512 = createHash("sha512");
    return { update: (chunk) => void sha512.update(chunk), finish: () => c4Of(sha512.digest()) };
  }
  if (format === "sha256" || format === "md5" || format === "sha1") {
    const hash = createHash(format);
    return { update: (chunk) => void hash.update(chunk), finish: () => hash.digest("hex") };
  }
  const make = { xxh64: createXXHash64, xxh3: createXXHash3, xxh128: createXXHash128 }[format];
  const hash = await make();
  hash.init();
  return { update: (chunk) => void hash.update(chunk), finish: () => hash.digest("hex") };
}

/** Every asked-for hash of a file in one reading. */
export async function hashFile(
  path: string,
  formats: readonly HashFormat[],
  onProgress: (bytes: number) => void = () => {},
): Promise<{ bytes: number; hashes: Partial<Record<HashFormat, string>> }> {
  const running = new Map(
    await Promise.all([...new Set(formats)].map(async (format) => [format, await begin(format)] as const)),
  );
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 4 * 1024 * 1024 })) {
    for (const hash of running.values()) hash.update(chunk as Uint8Array);
    bytes += (chunk as Uint8Array).byteLength;
    onProgress(bytes);
  }
  return {
    bytes,
    hashes: Object.fromEntries([...running].map(([format, hash]) => [format, hash.finish()])),
  };
}
