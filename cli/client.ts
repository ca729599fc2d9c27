import { setTimeout as pause } from "node:timers/promises";

/** What the API said no to, as problem+json; `status` 0 when nobody answered. */
export class Refused extends Error {
  override name = "Refused";
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Nobody answers, or only with an outage or a full storage: it concerns no single file, and passes. */
  get isOutage(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

export interface Client {
  base: string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  remove(path: string): Promise<void>;
  text(path: string): Promise<{ text: string; fileName: string | undefined }>;
}

const ATTEMPTS = 8;
/** Worth asking again: overload and outages, never a refusal. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Talks to the API with a key. Outages are waited out with growing, jittered pauses; `Retry-After` is honoured. */
export function openClient({
  base,
  key,
  signal,
}: {
  base: string;
  key: string;
  signal?: AbortSignal;
}): Client {
  async function ask(method: string, path: string, body?: unknown): Promise<Response> {
    // One key for all attempts: an answer that got lost is replayed, not done twice. Signing again does no harm.
    const idempotencyKey = method === "POST" && !path.endsWith("/parts") ? crypto.randomUUID() : undefined;
    for (let attempt = 1; ; attempt++) {
      const answer = await fetch(`${base}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(idempotencyKey ? { "idempotency-key": idempotencyKey } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(method === "DELETE" ? { "if-match": "*" } : {}),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, AbortSignal.timeout(60_000)]) : AbortSignal.timeout(60_000),
      }).catch((error: unknown) => {
        signal?.throwIfAborted();
        return error as Error;
      });
      if (answer instanceof Response && answer.ok) return answer;
      const isInFlight =
        answer instanceof Response && answer.status === 409 && answer.headers.has("retry-after");
      if (answer instanceof Response && !passing.has(answer.status) && !isInFlight)
        throw await refusedOf(answer);
      if (attempt === ATTEMPTS)
        throw answer instanceof Response
          ? await refusedOf(answer)
          : new Refused(0, "unreachable", `${base} does not answer: ${answer.message}`);
      const asked = answer instanceof Response ? Number(answer.headers.get("retry-after")) * 1000 : 0;
      await answerOff(answer);
      await pause(Math.max(asked, backoffMs(attempt)), undefined, signal ? { signal } : {});
    }
  }
  return {
    base,
    get: async <T>(path: string) => (await ask("GET", path)).json() as Promise<T>,
    post: async <T>(path: string, body: unknown = {}) => (await ask("POST", path, body)).json() as Promise<T>,
    remove: async (path) => void (await ask("DELETE", path)),
    text: async (path) => {
      const answer = await ask("GET", path);
      const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1];
      return { text: await answer.text(), fileName: name };
    },
  };
}

/** A request to a signed URL. */
export async function askStorage(
  url: string,
  init: RequestInit & { signal: AbortSignal },
): Promise<Response> {
  return fetch(url, init).catch((error: Error) => {
    init.signal.throwIfAborted();
    throw new Refused(0, "storage", `the storage does not answer: ${error.message}`);
  });
}

/** What a storage that has no room says: Ceph and MinIO by these names, others by the status alone. */
const full = /<Code>(QuotaExceeded|XMinio(StorageFull|AdminBucketQuotaExceeded))</;

export function storageRefusal(status: number, text: string): Refused {
  if (status === 507 || full.test(text))
    return new Refused(
      507,
      "storage-full",
      "the storage is full. What has arrived is kept: ask an administrator to make room, then repeat the call",
    );
  return new Refused(status, "storage", `the storage answered ${status}: ${text.slice(0, 200)}`);
}

/** 0.25 s, 0.5 s, 1 s … up to 15 s, each ± 50 %. */
export function backoffMs(attempt: number): number {
  return Math.min(250 * 2 ** (attempt - 1), 15_000) * (0.5 + Math.random());
}

async function answerOff(answer: Response | Error): Promise<void> {
  if (answer instanceof Response) await answer.body?.cancel();
}

async function refusedOf(answer: Response): Promise<Refused> {
  const problem = (await answer.json().catch(() => ({}))) as {
    type?: string;
    title?: string;
    detail?: string;
  };
  const code = problem.type?.split("#")[1] ?? String(answer.status);
  return new Refused(answer.status, code, problem.detail ?? problem.title ?? `status ${answer.status}`);
}
