import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, extname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { askStorage, backoffMs, type Client, Refused, storageRefusal } from "./client.ts";
import type { FileMark, Memory } from "./memory.ts";
import type { Report } from "./report.ts";

export interface Uploaded {
  uploadId: string;
  assetId: string;
  versionId: string;
  /** Null when an earlier call had already sent the file. */
  sha256: string | null;
}

interface Wire {
  uploadId: string;
  method: "put" | "multipart";
  partBytes?: number | null;
  put?: { url: string; headers: Record<string, string> } | null;
  state?: string;
  reason?: string | null;
  parts?: { partNumber: number; etag: string; bytes: number }[];
}

export interface UploadOptions {
  projectId: string;
  folderId?: string;
  assetId?: string;
  parallel: number;
  signal: AbortSignal;
}

interface Deps {
  client: Client;
  memory: Memory;
  report: Report;
}

/** Parts up to this size stay in memory between hashing and sending; larger ones are read again from the disk. */
const KEEP_BYTES = 64 * 1024 * 1024;
const PART_ATTEMPTS = 8;
const SIGN_AHEAD = 8;

/**
 * Sends one file and promotes it. The whole-file hash is computed in the same reading; parts that the storage already
 * holds with the same MD5 are not sent again, so a call that was stopped is simply repeated.
 */
export async function uploadFile(deps: Deps, mark: FileMark, options: UploadOptions): Promise<Uploaded> {
  const { client, memory } = deps;
  closeSync(openSync(mark.path, "r")); // what cannot be read must not hold room in the project
  const upload = (await resume(deps, mark)) ?? (await begin(deps, mark, options));
  const sha256 = await sendBytes(deps, mark, upload, options).catch(async (error: unknown) => {
    if (!(error instanceof Changed)) throw error;
    memory.forget(mark);
    await client.remove(`/presign/${upload.uploadId}`).catch(() => {}); // else it expires by itself
    throw error;
  });
  const promoted = await client.post<{ assetId: string; versionId: string }>("/promote", {
    uploadId: upload.uploadId,
    ...(sha256 ? { sha256 } : {}),
  });
  memory.finish(mark, promoted.versionId);
  return { uploadId: upload.uploadId, sha256, assetId: promoted.assetId, versionId: promoted.versionId };
}

/** What was read is not one state of the file, or not the one that was asked for. */
class Changed extends Error {
  override name = "Changed";
  constructor(path: string) {
    super(`${path} changed while it was sent; send it again when it is finished`);
  }
}

/** A file that was moved away meanwhile was still read to its end. */
function checkUnchanged(mark: FileMark): void {
  const now = statSync(mark.path, { throwIfNoEntry: false });
  if (now && (now.size !== mark.bytes || Math.round(now.mtimeMs) !== mark.modifiedMs))
    throw new Changed(mark.path);
}

/** Answers the hash of the file; null when an earlier call had sent everything and was stopped after that. */
async function sendBytes(
  deps: Deps,
  mark: FileMark,
  upload: Wire,
  options: UploadOptions,
): Promise<string | null> {
  if (upload.state !== undefined && upload.state !== "open") return null;
  const send = upload.method === "put" ? sendWhole : sendParts;
  const sha256 = await send(deps, mark, upload, options);
  checkUnchanged(mark);
  return sha256;
}

const underWay = new Set(["open", "received", "promoting", "promoted"]);

async function resume({ client, memory }: Deps, mark: FileMark): Promise<Wire | undefined> {
  const known = memory.uploadOf(mark);
  if (!known) return undefined;
  const upload = await client.get<Wire>(`/presign/${known}`).catch((error: unknown) => {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  });
  if (upload?.state && underWay.has(upload.state)) return upload;
  memory.forget(mark);
  return undefined;
}

export const sidecarOf = (path: string) => `${path}.rushes.json`;

async function begin({ client, memory }: Deps, mark: FileMark, options: UploadOptions): Promise<Wire> {
  const sidecar = sidecarOf(mark.path);
  const upload = await client.post<Wire>("/presign", {
    projectId: options.projectId,
    ...(options.folderId ? { folderId: options.folderId } : {}),
    ...(options.assetId ? { assetId: options.assetId } : {}),
    name: basename(mark.path),
    bytes: mark.bytes,
    contentType: typeOf(mark.path),
    ...(existsSync(sidecar) ? { manifest: JSON.parse(readFileSync(sidecar, "utf8")) } : {}),
  });
  memory.remember(mark, upload.uploadId);
  return upload;
}

async function sendWhole(
  { client, report }: Deps,
  mark: FileMark,
  upload: Wire,
  { signal }: UploadOptions,
): Promise<string> {
  const body = new Uint8Array(await Bun.file(mark.path).arrayBuffer());
  if (body.byteLength !== mark.bytes) throw new Changed(mark.path);
  report.progress(mark.path, 0, mark.bytes);
  let put = upload.put;
  await persist(signal, async () => {
    put ??= (await client.get<Wire>(`/presign/${upload.uploadId}`)).put;
    if (!put) throw new Refused(409, "illegal-state", "the upload is no longer open");
    const { url, headers } = put;
    put = undefined;
    await send(url, body, { ...headers, "Content-MD5": md5(body, "base64") }, signal);
  });
  report.progress(mark.path, mark.bytes, mark.bytes);
  return createHash("sha256").update(body).digest("hex");
}

async function sendParts(
  { client, report }: Deps,
  mark: FileMark,
  upload: Wire,
  { parallel, signal }: UploadOptions,
): Promise<string> {
  const partBytes = upload.partBytes ?? 0;
  const held = new Map((upload.parts ?? []).map((part) => [part.partNumber, part]));
  const sha256 = createHash("sha256");
  const count = Math.ceil(mark.bytes / partBytes);
  const file = await open(mark.path, "r");
  const running = new Set<Promise<void>>();
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const urls = signAhead(client, upload.uploadId, count);
  let done = 0;
  try {
    for (let partNumber = 1; partNumber <= count; partNumber++) {
      stop.throwIfAborted();
      const from = (partNumber - 1) * partBytes;
      const length = Math.min(partBytes, mark.bytes - from);
      const read = await readPart(file, from, length, sha256);
      if (!read) throw new Changed(mark.path);
      const known = held.get(partNumber);
      if (known?.bytes === length && known.etag === read.md5.toString("hex")) {
        done += length;
        report.progress(mark.path, done, mark.bytes);
        continue;
      }
      // Read and hashed while the others were still on their way, so that the line is never idle.
      while (running.size >= parallel) await Promise.race(running);
      stop.throwIfAborted();
      const body = read.bytes ?? Bun.file(mark.path).slice(from, from + length);
      const sending = persist(stop, async () => {
        const url = await urls(partNumber);
        await send(url, body, { "Content-MD5": read.md5.toString("base64") }, stop);
        done += length;
        report.progress(mark.path, done, mark.bytes);
      })
        .catch((error: unknown) => failed.abort(error))
        .finally(() => running.delete(sending));
      running.add(sending);
    }
    await Promise.all(running);
    stop.throwIfAborted();
  } finally {
    failed.abort();
    await Promise.allSettled(running);
    await file.close();
  }
  return sha256.digest("hex");
}

/** URLs a few parts at a time, shortly before they are needed. Each is handed out once: a second try gets a new one. */
function signAhead(client: Client, uploadId: string, count: number): (partNumber: number) => Promise<string> {
  const ready = new Map<number, Promise<string>>();
  return async (partNumber) => {
    let url = ready.get(partNumber);
    if (!url) {
      const last = Math.min(count, partNumber + SIGN_AHEAD - 1);
      const partNumbers = Array.from({ length: last - partNumber + 1 }, (_, i) => partNumber + i);
      const asked = client.post<{ parts: { partNumber: number; url: string }[] }>(
        `/presign/${uploadId}/parts`,
        { partNumbers },
      );
      for (const number of partNumbers) {
        const one = asked.then(({ parts }) => parts.find((part) => part.partNumber === number)?.url ?? "");
        one.catch(() => {}); // awaited by whoever needs it
        ready.set(number, one);
      }
      url = ready.get(partNumber);
    }
    ready.delete(partNumber);
    return (await url) ?? "";
  };
}

/** Hashes one part in the order of the file and keeps it when it is small enough. Undefined when the file became shorter. */
async function readPart(
  file: Awaited<ReturnType<typeof open>>,
  from: number,
  length: number,
  whole: ReturnType<typeof createHash>,
): Promise<{ md5: Buffer; bytes: Uint8Array<ArrayBuffer> | undefined } | undefined> {
  const isKept = length <= KEEP_BYTES;
  const buffer = new Uint8Array(isKept ? length : 4 * 1024 * 1024);
  const part = createHash("md5");
  for (let at = 0; at < length; ) {
    const into = isKept ? at : 0;
    const { bytesRead } = await file.read(
      buffer,
      into,
      Math.min(buffer.length - into, length - at, 4 * 1024 * 1024),
      from + at,
    );
    if (bytesRead === 0) return undefined;
    const chunk = buffer.subarray(into, into + bytesRead);
    whole.update(chunk);
    part.update(chunk);
    at += bytesRead;
  }
  return { md5: part.digest(), bytes: isKept ? buffer : undefined };
}

async function send(
  url: string,
  body: Uint8Array<ArrayBuffer> | Blob,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const answer = await askStorage(url, { method: "PUT", body, headers, signal });
  const text = await answer.text();
  if (!answer.ok) throw storageRefusal(answer.status, text);
}

/** Tries again with growing pauses; a URL that expired meanwhile is signed anew by the next try. */
async function persist(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const isRefusal = error instanceof Refused && error.code !== "storage" && error.status > 0;
      if (isRefusal || attempt === PART_ATTEMPTS) throw error;
      await pause(backoffMs(attempt), undefined, { signal });
    }
}

const md5 = (bytes: Uint8Array, encoding: "base64" | "hex") =>
  createHash("md5").update(bytes).digest(encoding);

/** A hint only: the server looks at the content. */
function typeOf(path: string): string {
  const known: Record<string, string> = {
    ".mxf": "application/mxf",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mkv": "video/x-matroska",
    ".wav": "audio/wav",
    ".aif": "audio/aiff",
    ".exr": "image/x-exr",
    ".dpx": "image/x-dpx",
  };
  const type = known[extname(path).toLowerCase()] ?? Bun.file(path).type.split(";")[0] ?? "";
  return /^(video|audio|image)\//.test(type) || type === "application/mxf"
    ? type
    : "application/octet-stream";
}
