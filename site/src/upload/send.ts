import { ApiError, api } from "../api/client.ts";
import type { OpenedUpload, SignedParts, Upload } from "../api/types.ts";
import { backOff, PutError, putBlock } from "./put.ts";

const parallelParts = 4;
const mostTries = 8;

export interface SentPart {
  partNumber: number;
  etag: string;
}

interface Sending {
  file: File;
  opened: Pick<OpenedUpload, "uploadId" | "method" | "partBytes" | "put">;
  signal: AbortSignal;
  /** Bytes the storage has or is just receiving. */
  onProgress: (bytes: number) => void;
  /** Told while waiting for the line to come back. */
  onWaiting: (waiting: boolean) => void;
}

/** Sends what the storage does not hold yet. Answers the parts of a multipart upload, none for a single PUT. */
export function sendFile(sending: Sending): Promise<SentPart[] | undefined> {
  return sending.opened.method === "put" ? sendWhole(sending) : sendParts(sending);
}

/** Tries until it works or is refused for good; waits out a line that is down. */
export async function again<Value>(
  { signal, onWaiting }: Pick<Sending, "signal" | "onWaiting">,
  run: () => Promise<Value>,
): Promise<Value> {
  for (let attempt = 0; ; attempt++) {
    try {
      const value = await run();
      if (!signal.aborted) onWaiting(false);
      return value;
    } catch (error) {
      if (signal.aborted) throw error;
      const status = error instanceof PutError || error instanceof ApiError ? error.status : undefined;
      // 403 is an expired signature and is signed anew; other refusals and a full storage (507) stay as they are.
      const passing = [0, 403, 408, 429].includes(status ?? -1) || ((status ?? 0) >= 500 && status !== 507);
      if (!passing || attempt >= mostTries) throw error;
      onWaiting(status === 0);
      await backOff(attempt, signal);
    }
  }
}

async function sendWhole(sending: Sending): Promise<undefined> {
  const { file, opened, signal, onProgress } = sending;
  let { put } = opened;
  await again(sending, async () => {
    // An address that was used up or expired is signed anew when the open upload is read.
    put ??= (await api.get<Upload>(`/presign/${opened.uploadId}`)).put ?? undefined;
    if (!put) throw new ApiError(409, undefined);
    const { url, headers } = put;
    put = undefined;
    return putBlock(url, file, { headers, signal, onProgress });
  });
}

async function sendParts(sending: Sending): Promise<SentPart[]> {
  const { file, opened, signal } = sending;
  const partBytes = opened.partBytes ?? file.size;
  const count = Math.max(1, Math.ceil(file.size / partBytes));
  const lengthOf = (part: number) => Math.min(partBytes, file.size - (part - 1) * partBytes);
  const state = await again(sending, () => api.get<Upload>(`/presign/${opened.uploadId}`));
  const sent = new Map<number, string>();
  for (const part of state.parts)
    if (part.bytes === lengthOf(part.partNumber)) sent.set(part.partNumber, part.etag);

  const flying = new Map<number, number>();
  const report = () => {
    let bytes = 0;
    for (const part of sent.keys()) bytes += lengthOf(part);
    for (const loaded of flying.values()) bytes += loaded;
    sending.onProgress(bytes);
  };
  report();

  const missing: number[] = [];
  for (let part = count; part >= 1; part--) if (!sent.has(part)) missing.push(part);
  const sendOne = async (part: number) => {
    const start = (part - 1) * partBytes;
    const block = file.slice(start, start + lengthOf(part));
    const etag = await again(sending, async () => {
      const { parts } = await api.post<SignedParts>(`/presign/${opened.uploadId}/parts`, {
        partNumbers: [part],
      });
      const url = parts[0]?.url;
      if (!url) throw new ApiError(500, undefined);
      return putBlock(url, block, {
        signal,
        onProgress: (bytes) => {
          flying.set(part, bytes);
          report();
        },
      });
    });
    flying.delete(part);
    sent.set(part, etag ?? "");
    report();
  };
  const line = async () => {
    for (let part = missing.pop(); part !== undefined; part = missing.pop()) {
      signal.throwIfAborted();
      await sendOne(part);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelParts, missing.length) }, line));
  return [...sent]
    .filter(([, etag]) => etag !== "")
    .map(([partNumber, etag]) => ({ partNumber, etag }))
    .sort((a, b) => a.partNumber - b.partNumber);
}
