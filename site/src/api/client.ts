import { readable } from "../ui/words.ts";
import type { Problem } from "./types.ts";

/** The API turned a request down, or could not be reached (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, problem: Problem | undefined, retryAfterSeconds?: number) {
    const said = problem?.detail ?? problem?.title;
    super(said ? readable(said) : status === 0 ? unreachable : `The server answered ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** The last part of the problem's type, as in `quota-exceeded`. */
  get code(): string {
    return this.problem?.type.split(/[/#]/).pop() ?? "";
  }
}

const unreachable = "Rushes cannot be reached. Check the connection; nothing you did is lost.";

type Query = Record<string, string | number | boolean | null | undefined>;

interface Options {
  query?: Query;
  body?: unknown;
  ifMatch?: string;
  /** Of an earlier attempt at the same, so that it is done once. */
  key?: string;
  /** It goes out although the page is left. */
  keepalive?: boolean;
  signal?: AbortSignal;
}

let base = "";
let bearer: string | undefined;

/** Where the API is; the page carries it, so that one build serves every deployment. */
export function apiBase(): string {
  base ||= document.documentElement.dataset.apiBase ?? "";
  return base;
}

/** Share pages act as their guest, also when a member is signed in. */
export function actAsGuest(token: string | undefined): void {
  bearer = token;
}

export function credentials(): HeadersInit {
  return bearer ? { Authorization: `Bearer ${bearer}` } : {};
}

export function apiUrl(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  return `${apiBase()}${path}${search.size ? `?${search}` : ""}`;
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers = new Headers(credentials());
  if (options.body !== undefined) headers.set("Content-Type", "application/json");
  if (method === "POST") headers.set("Idempotency-Key", options.key ?? crypto.randomUUID());
  if (options.ifMatch) headers.set("If-Match", options.ifMatch);
  const response = await patiently(() =>
    fetch(apiUrl(path, options.query), {
      method,
      headers,
      credentials: "include",
      keepalive: options.keepalive ?? false,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    }),
  ).catch((error: unknown) => {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, undefined);
  });
  if (response.ok) return response;
  const problem = response.headers.get("content-type")?.includes("json")
    ? ((await response.json()) as Problem)
    : undefined;
  const wait = Number(response.headers.get("retry-after"));
  throw new ApiError(response.status, problem, wait > 0 ? wait : undefined);
}

const mostWaits = 4;
const longestWaitSeconds = 10;

/** Asked to slow down, the page does so by itself; the key of a POST makes asking again harmless. */
async function patiently(ask: () => Promise<Response>): Promise<Response> {
  for (let waits = 0; ; waits++) {
    const response = await ask();
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    if (response.status !== 429 || waits >= mostWaits || !(seconds <= longestWaitSeconds)) return response;
    await new Promise((done) => setTimeout(done, Math.max(0.2, seconds) * 1000));
  }
}

async function json<Answer>(method: string, path: string, options: Options = {}): Promise<Answer> {
  const response = await send(method, path, options);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

/** The current state of a resource together with the tag that a change has to send back. */
async function read<Answer>(path: string): Promise<{ value: Answer; etag: string }> {
  const response = await send("GET", path, {});
  return { value: (await response.json()) as Answer, etag: response.headers.get("etag") ?? "*" };
}

export const api = {
  get: <Answer>(path: string, query: Query = {}, signal?: AbortSignal) =>
    json<Answer>("GET", path, { query, ...(signal ? { signal } : {}) }),
  post: <Answer>(
    path: string,
    body: unknown = {},
    options: Pick<Options, "key" | "keepalive" | "signal"> = {},
  ) => json<Answer>("POST", path, { body, ...options }),
  patch: <Answer>(path: string, body: unknown, ifMatch: string) =>
    json<Answer>("PATCH", path, { body, ifMatch }),
  remove: (path: string, ifMatch?: string) =>
    json<undefined>("DELETE", path, { keepalive: true, ...(ifMatch === undefined ? {} : { ifMatch }) }),
  read,
  /** Reads the resource for its tag, then changes it; for lists that carry no tags. */
  async change<Answer>(path: string, body: unknown): Promise<Answer> {
    const { etag } = await read(path);
    return json<Answer>("PATCH", path, { body, ifMatch: etag });
  },
  async removeCurrent(path: string): Promise<void> {
    const { etag } = await read(path);
    await json("DELETE", path, { ifMatch: etag });
  },
};

/** Every page of a list, up to `most` items. */
export async function all<Item>(path: string, query: Query, most = 10_000): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.get<{ items: Item[]; nextCursor: string | null }>(path, {
      limit: 200,
      ...query,
      cursor,
    });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor && items.length < most);
  return items;
}

/** Fetches a file in the person's name and hands it to the browser's downloads, under the name the server gave it. */
export async function saveFile(path: string, query: Query, fallbackName: string): Promise<void> {
  const response = await send("GET", path, { query });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = attachedName(response.headers.get("content-disposition") ?? "") ?? fallbackName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The name in a Content-Disposition: the one in any script rather than the plain one for old readers. */
export function attachedName(disposition: string): string | undefined {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1];
  return encoded ? decodeURIComponent(encoded) : /filename="([^"]+)"/.exec(disposition)?.[1];
}
