import { once } from "node:events";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { isFull, statusOf } from "./faults.ts";
import { bareEtag, type Place } from "./read.ts";
import { signUrl } from "./sign.ts";
import type { Storage } from "./storage.ts";

const IDLE_MS = 120_000;
const URL_SECONDS = 3_600;
const ATTEMPTS = 4;
/** How long a server may think about the headers; one that knows no `Expect` says nothing. */
const CONTINUE_MS = 1_000;
/** Ceph says "continue" before it has looked, and what it says next is lost to whoever writes by then. */
const SECOND_THOUGHT_MS = 50;

/**
 * Carries bytes `first..last` (inclusive) from one object to another through this process, streamed, for what a
 * storage does not copy by itself: Ceph 16 refuses UploadPartCopy of an object that another user put unless the
 * copier's own policy allows it, and drops the lock headers of a copy. Every header given is signed.
 */
export async function relayBytes(
  storage: Storage,
  bytes: { from: Place & { etag: string }; first: number; last: number },
  to: Place & { query?: Record<string, string>; headers?: Record<string, string> },
  signal?: AbortSignal,
): Promise<{ etag: string }> {
  for (let attempt = 1; ; attempt++)
    try {
      return await relayOnce(storage, bytes, to, SECOND_THOUGHT_MS * 4 ** (attempt - 1), signal);
    } catch (error) {
      signal?.throwIfAborted();
      const status = statusOf(error);
      if (attempt === ATTEMPTS || isFull(error) || (status !== undefined && status < 500)) throw error;
      await pause(2 ** attempt * 100 * (0.5 + Math.random()), undefined, signal ? { signal } : {});
    }
}

async function relayOnce(
  storage: Storage,
  bytes: { from: Place & { etag: string }; first: number; last: number },
  to: Place & { query?: Record<string, string>; headers?: Record<string, string> },
  waitMs: number,
  signal: AbortSignal | undefined,
): Promise<{ etag: string }> {
  const length = String(bytes.last - bytes.first + 1);
  const headers = { ...to.headers, "content-length": length };
  const url = await signUrl(
    storage,
    { method: "PUT", bucket: to.bucket, key: to.key, ...(to.query ? { query: to.query } : {}), headers },
    URL_SECONDS,
  );
  const source = await storage.s3.send(
    new GetObjectCommand({
      Bucket: bytes.from.bucket,
      Key: bytes.from.key,
      IfMatch: `"${bytes.from.etag}"`,
      Range: `bytes=${bytes.first}-${bytes.last}`,
    }),
    signal ? { abortSignal: signal } : {},
  );
  return send(url, headers, source.Body as Readable, waitMs, signal);
}

async function send(
  url: string,
  headers: Record<string, string>,
  body: Readable,
  waitMs: number,
  signal: AbortSignal | undefined,
): Promise<{ etag: string }> {
  const request = (url.startsWith("https:") ? requestHttps : requestHttp)(url, {
    method: "PUT",
    // A storage that refuses says so before a byte travels, instead of hanging up in the middle.
    headers: { ...headers, expect: "100-continue" },
    // A connection of its own: one that the storage is about to close would cost a whole part.
    agent: false,
    ...(signal ? { signal } : {}),
  });
  request.setTimeout(IDLE_MS, () => request.destroy(new Error("the storage takes no more bytes")));
  const answer = new Promise<{ etag: string }>((resolve, reject) => {
    request.on("error", reject);
    request.on("response", async (response) => {
      const status = response.statusCode ?? 0;
      const said = await text(response).catch(() => "");
      if (status === 200) resolve({ etag: bareEtag(response.headers.etag) });
      else
        reject(
          Object.assign(new Error(`the storage answered ${status}`), {
            name: /<Code>(\w+)<\/Code>/.exec(said)?.[1] ?? "Error",
            $metadata: { httpStatusCode: status },
          }),
        );
    });
  });
  request.flushHeaders();
  try {
    const mayGoOn = Promise.race([once(request, "continue"), pause(CONTINUE_MS)]).then(() => pause(waitMs));
    await Promise.race([answer, mayGoOn]);
    const [result] = await Promise.all([answer, pipeline(body, request)]);
    return result;
  } catch (error) {
    body.destroy();
    request.destroy();
    throw error;
  }
}
