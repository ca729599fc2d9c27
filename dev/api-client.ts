import { Stop } from "#dev/say.ts";

export type Answer<T> = { status: number; body: T };

/** Talks to the running API as any outside client would. Stops with the problem's own words when refused. */
export const openApi = (base: string, bearer: string) => {
  const ask = async <T>(
    method: string,
    path: string,
    body?: unknown,
    extra: Record<string, string> = {},
  ): Promise<T> => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(method === "POST" ? { "idempotency-key": crypto.randomUUID() } : {}),
        ...extra,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Stop(`${method} ${path} answered ${response.status}: ${text.slice(0, 600)}`);
    return (text ? JSON.parse(text) : null) as T;
  };
  return {
    get: <T>(path: string) => ask<T>("GET", path),
    post: <T>(path: string, body: unknown = {}) => ask<T>("POST", path, body),
  };
};
export type Api = ReturnType<typeof openApi>;

/** A person's token without a browser, from the local sign-in. */
export const personToken = async (
  environment: Record<string, string>,
  scripts: { id: string; secret: string },
  person: { email: string; password: string },
): Promise<string> => {
  const response = await fetch(`${environment.OIDC_ISSUER}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${scripts.id}:${scripts.secret}`)}` },
    body: new URLSearchParams({
      grant_type: "password",
      username: person.email,
      password: person.password,
      resource: environment.OIDC_AUDIENCE ?? "",
    }),
  });
  if (!response.ok) throw new Stop(`the local sign-in refused ${person.email}: ${await response.text()}`);
  return ((await response.json()) as { access_token: string }).access_token;
};

/** Presign, PUT, promote: the way every upload goes. */
export const uploadFile = async (
  api: Api,
  input: { projectId: string; name: string; contentType: string; file: string },
): Promise<{ assetId: string; versionId: string; uploadedAt: number }> => {
  const file = Bun.file(input.file);
  const opened = await api.post<{
    uploadId: string;
    method: "put" | "multipart";
    partBytes?: number;
    put?: { url: string; headers: Record<string, string> };
  }>("/presign", {
    projectId: input.projectId,
    name: input.name,
    bytes: file.size,
    contentType: input.contentType,
  });
  const parts: { partNumber: number; etag: string }[] = [];
  if (opened.put) {
    const response = await fetch(opened.put.url, { method: "PUT", headers: opened.put.headers, body: file });
    if (!response.ok)
      throw new Stop(`the storage refused the upload: ${response.status} ${await response.text()}`);
  } else {
    const size = opened.partBytes ?? file.size;
    const partNumbers = Array.from({ length: Math.ceil(file.size / size) }, (_, index) => index + 1);
    const signed = await api.post<{ parts: { partNumber: number; url: string }[] }>(
      `/presign/${opened.uploadId}/parts`,
      { partNumbers },
    );
    for (const { partNumber, url } of signed.parts) {
      const body = file.slice((partNumber - 1) * size, Math.min(partNumber * size, file.size), "");
      const response = await fetch(url, { method: "PUT", body });
      if (!response.ok) throw new Stop(`the storage refused part ${partNumber}: ${response.status}`);
      parts.push({ partNumber, etag: response.headers.get("etag") ?? "" });
    }
  }
  const uploadedAt = performance.now();
  const promoted = await api.post<{ assetId: string; versionId: string }>("/promote", {
    uploadId: opened.uploadId,
    ...(parts.length > 0 ? { parts } : {}),
  });
  return { ...promoted, uploadedAt };
};

/** Waits until the version can be watched (or is done); stops with the reason when it failed. */
export const waitForState = async (
  api: Api,
  versionId: string,
  wanted: readonly string[],
  timeoutMs: number,
): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const version = await api.get<{ state: string; reason: string | null }>(`/versions/${versionId}`);
    if (wanted.includes(version.state)) return;
    if (version.state === "failed")
      throw new Stop(`the preview failed: ${version.reason ?? "no reason given"}`);
    if (Date.now() > deadline)
      throw new Stop(`the version is still ${version.state} after ${timeoutMs / 1000} s`);
    await Bun.sleep(100);
  }
};
