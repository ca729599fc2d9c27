import { readFileSync } from "node:fs";

interface Access {
  urls: { api: string; site: string; edge: string };
  databases: { postgres: string; redis: string };
  people: { id: string; name: string; email: string; password: string }[];
  apiKey: string;
  project: { id: string; name: string };
  asset: { id: string; versionId: string };
  shareUrl: string;
  sharePassphrase: string;
}

/** Where the product runs and who may enter: what `make dev` wrote, or the test runner. */
export const access = JSON.parse(
  readFileSync(process.env.RUSHES_DEV_JSON ?? process.env.RUSHES_ACCESS ?? ".rushes/dev.json", "utf8"),
) as Access;

export function personOf(id: string) {
  const person = access.people.find((one) => one.id === id);
  if (!person) throw new Error(`nobody is called ${id}`);
  return person;
}

/** Asks the API as the manager's key. */
export async function ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${access.urls.api}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${access.apiKey}`,
      ...(method === "DELETE" ? { "if-match": "*" } : {}),
      ...(body === undefined
        ? {}
        : { "content-type": "application/json", "idempotency-key": crypto.randomUUID() }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

/** A project of its own for a test file, so that files do not see each other's assets. */
export async function freshProject(name: string, members: Record<string, string> = {}): Promise<string> {
  const { id } = await ask<{ id: string }>("POST", "/projects", { name, lockDays: 1 });
  for (const [person, role] of Object.entries(members))
    await ask("POST", `/projects/${id}/members`, { email: personOf(person).email, role });
  return id;
}

/** A file through the whole path without a browser; answers when its preview is complete, or `playable`. */
export async function uploadAsset(
  projectId: string,
  path: string,
  assetId?: string,
  name?: string,
  until: "playable" | "ready" = "ready",
) {
  const file = Bun.file(path);
  const opened = await ask<{
    uploadId: string;
    method: string;
    partBytes?: number;
    put?: { url: string; headers: Record<string, string> };
  }>("POST", "/presign", {
    projectId,
    ...(assetId ? { assetId } : {}),
    name: name ?? path.split("/").pop(),
    bytes: file.size,
    contentType: "video/mp4",
  });
  if (!opened.put) throw new Error("these fixtures are small enough for one request");
  const put = await fetch(opened.put.url, { method: "PUT", headers: opened.put.headers, body: file });
  if (!put.ok) throw new Error(`the storage answered ${put.status}`);
  const made = await ask<{ assetId: string; versionId: string }>("POST", "/promote", {
    uploadId: opened.uploadId,
  });
  for (const end = Date.now() + 120_000; ; ) {
    const { state, reason } = await ask<{ state: string; reason: string | null }>(
      "GET",
      `/preview/${made.versionId}`,
    ).catch(() => ({ state: "promoting", reason: null }));
    if (state === "ready" || state === until) return made;
    if (state === "failed" || Date.now() > end) throw new Error(`the preview is ${state}: ${reason}`);
    await new Promise((done) => setTimeout(done, 300));
  }
}
