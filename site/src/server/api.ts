import type { Page, Problem } from "../api/types.ts";

/** What this process was started with; read at run time, so one build serves every deployment. */
export function settings(): { apiBase: string; edgeBase: string } {
  return {
    apiBase: process.env.PUBLIC_API_BASE ?? "http://localhost:3000/api",
    edgeBase: process.env.PUBLIC_EDGE_BASE ?? "http://localhost:8080",
  };
}

const visitors = new WeakMap<Request, string>();

/** Notes the way of a request through our proxies to us: the API counts and names visitors by it. */
export function noteVisitor(request: Request, address: string): void {
  const forwarded = request.headers.get("x-forwarded-for");
  visitors.set(request, forwarded ? `${forwarded}, ${address}` : address);
}

export type Answer<Value> = { ok: true; value: Value } | { ok: false; status: number; problem?: Problem };

/** Asks the API in the name of whoever asks for the page. `status` 502 when it cannot be reached. */
export async function ask<Value>(request: Request, path: string, bearer?: string): Promise<Answer<Value>> {
  const headers = new Headers();
  const cookie = request.headers.get("cookie");
  if (bearer) headers.set("authorization", `Bearer ${bearer}`);
  else if (cookie) headers.set("cookie", cookie);
  const [visitor, key] = [visitors.get(request), process.env.SITE_KEY];
  if (visitor && key) {
    headers.set("rushes-site-key", key);
    headers.set("rushes-visitor", visitor);
    headers.set("user-agent", request.headers.get("user-agent") ?? "");
  }
  const traceparent = request.headers.get("traceparent");
  if (traceparent) headers.set("traceparent", traceparent);
  try {
    const send = () =>
      fetch(`${settings().apiBase}${path}`, { headers, signal: AbortSignal.timeout(15_000) });
    let response = await send();
    if (response.status === 429 && Number(response.headers.get("retry-after")) <= 3) {
      await new Promise((done) => setTimeout(done, Number(response.headers.get("retry-after")) * 1000));
      response = await send();
    }
    if (response.ok) return { ok: true, value: (await response.json()) as Value };
    const isProblem = response.headers.get("content-type")?.includes("json");
    return {
      ok: false,
      status: response.status,
      ...(isProblem ? { problem: (await response.json()) as Problem } : {}),
    };
  } catch {
    return { ok: false, status: 502 };
  }
}

/** Every page of a list. */
export async function askAll<Item>(request: Request, path: string): Promise<Answer<Item[]>> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const query: string = `${path.includes("?") ? "&" : "?"}limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;
    const page: Answer<Page<Item>> = await ask<Page<Item>>(request, path + query);
    if (!page.ok) return page;
    items.push(...page.value.items);
    cursor = page.value.nextCursor;
  } while (cursor);
  return { ok: true, value: items };
}
