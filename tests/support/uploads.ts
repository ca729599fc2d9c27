import { randomBytes } from "node:crypto";
import type { Api } from "./api.ts";
import type { Persona } from "./people.ts";

/** Bytes that begin as an MP4 does: enough for everything before the preview. */
export function clip(bytes = 2000): Buffer {
  const head = Buffer.from([0, 0, 0, 24, ...Buffer.from("ftypmp42"), 0, 0, 0, 0, ...Buffer.from("mp42isom")]);
  const tail = randomBytes(Math.min(bytes - head.length, 65_536));
  const body = Buffer.alloc(bytes);
  head.copy(body);
  for (let at = head.length; at < bytes; at += tail.length) tail.copy(body, at);
  return body;
}

export interface Opened {
  uploadId: string;
  method: "put" | "multipart";
  partBytes?: number;
  put?: { url: string; headers: Record<string, string> };
}

export interface Wanted {
  name?: string;
  bytes?: number;
  body?: Uint8Array;
  contentType?: string;
  projectId?: string;
  assetId?: string;
  sha256?: string;
  xxh128?: string;
  manifest?: unknown;
}

/** Opens an upload and sends every byte as the answer says. */
export async function openAndPut(api: Api, who: Persona, wanted: Wanted = {}) {
  const body = wanted.body ?? clip(wanted.bytes);
  const opened = await open(api, who, { ...wanted, bytes: body.length });
  if (opened.put) await put(opened.put.url, body, opened.put.headers);
  else await putParts(api, who, opened, body);
  return { ...opened, body };
}

export async function open(api: Api, who: Persona, wanted: Wanted = {}): Promise<Opened> {
  const { body: _, ...rest } = wanted;
  const opened = await api.as(who).post<Opened & { detail?: string }>("/presign", {
    projectId: api.seed.projectId,
    name: "clip.mp4",
    bytes: 2000,
    contentType: "video/mp4",
    ...rest,
  });
  if (opened.status !== 201) throw new Error(`presign answered ${opened.status}: ${opened.text}`);
  return opened.body;
}

export async function putParts(
  api: Api,
  who: Persona,
  { uploadId, partBytes = 1 }: Opened,
  body: Uint8Array,
  only?: number[],
): Promise<void> {
  const partNumbers = only ?? Array.from({ length: Math.ceil(body.length / partBytes) }, (_, i) => i + 1);
  const signed = await api.as(who).post(`/presign/${uploadId}/parts`, { partNumbers });
  if (signed.status !== 200) throw new Error(`parts answered ${signed.status}: ${signed.text}`);
  for (const { partNumber, url } of signed.body.parts)
    await put(url, body.subarray((partNumber - 1) * partBytes, partNumber * partBytes));
}

export async function put(url: string, body: Uint8Array, headers: Record<string, string> = {}) {
  const answer = await fetch(url, { method: "PUT", body: body as Uint8Array<ArrayBuffer>, headers });
  if (!answer.ok) throw new Error(`the storage answered ${answer.status}: ${await answer.text()}`);
  return (answer.headers.get("etag") ?? "").replaceAll('"', "");
}
