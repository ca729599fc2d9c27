import type { Scope } from "#core/auth/actor.ts";
import type { Resources } from "#core/resources.ts";
import { everyFunction } from "#functions/apps.ts";
import { type Persona, type Seed, seedKey, seedPeople, seedSession } from "./people.ts";

export interface Answer<Body = Record<string, never>> {
  status: number;
  headers: Headers;
  body: Body;
  text: string;
}

export interface Caller {
  /** One request to `/api` + path; a body is sent as JSON. Headers are added to the caller's own. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire carries
  get<B = any>(path: string, headers?: Record<string, string>): Promise<Answer<B>>;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire carries
  post<B = any>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<B>>;
  /** Reads the resource first for its ETag unless one is given. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire carries
  patch<B = any>(path: string, body: unknown, etag?: string): Promise<Answer<B>>;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire carries
  del<B = any>(path: string, etag?: string): Promise<Answer<B>>;
}

export interface Api {
  seed: Seed;
  /** A signed-in person, by session cookie and from the site's own origin. */
  as(who: Persona): Caller;
  /** An API key of that person. */
  withKey(who: Persona, scopes?: Scope[]): Promise<Caller>;
  /** Any bearer token, or none. */
  bearing(token: string | undefined): Caller;
}

/** All functions over `resources`, with people and a project, each reachable as any of them. */
export async function openApi(resources: Resources, known?: Seed): Promise<Api> {
  const gateway = everyFunction(resources);
  const seed = known ?? (await seedPeople(resources));
  const origin = new URL(resources.config.PUBLIC_SITE_BASE).origin;
  const cookies = Object.fromEntries(
    await Promise.all(
      Object.entries(seed.people).map(
        async ([who, person]) => [who, await seedSession(resources, person.id)] as const,
      ),
    ),
  ) as Record<Persona, string>;
  const base = resources.config.PUBLIC_API_BASE;

  function caller(own: Record<string, string>): Caller {
    const send: Caller["send"] = async (method, path, body, headers = {}) =>
      gateway.fetch(
        new Request(`${base}${path}`, {
          method,
          headers: {
            ...own,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            ...headers,
          },
          ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        }),
        { address: "127.0.0.1" },
      );
    async function answer<B>(response: Promise<Response>): Promise<Answer<B>> {
      const { status, headers, ...rest } = await response.then(async (r) => ({
        status: r.status,
        headers: r.headers,
        text: await r.text(),
      }));
      const isJson = /json/.test(headers.get("content-type") ?? "") && rest.text !== "";
      return { status, headers, text: rest.text, body: (isJson ? JSON.parse(rest.text) : undefined) as B };
    }
    const etagOf = async (path: string, etag?: string) =>
      etag ?? (await send("GET", path)).headers.get("etag") ?? "*";
    return {
      send,
      get: (path, headers) => answer(send("GET", path, undefined, headers)),
      post: (path, body = {}, headers) => answer(send("POST", path, body, headers)),
      patch: async (path, body, etag) =>
        answer(send("PATCH", path, body, { "if-match": await etagOf(path, etag) })),
      del: async (path, etag) =>
        answer(send("DELETE", path, undefined, { "if-match": await etagOf(path, etag) })),
    };
  }

  return {
    seed,
    as: (who) => caller({ cookie: cookies[who], origin }),
    withKey: async (who, scopes) =>
      caller({ authorization: `Bearer ${await seedKey(resources, seed.people[who].id, scopes)}` }),
    bearing: (token) => caller(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
}
