import { apiUrl, credentials } from "./client.ts";

export interface LiveEvent {
  type: string;
  data: unknown;
  id: string | undefined;
}

/** How a stream is: `signed-out` and `gone` are ends, after which it does not try again. */
export type Link = "up" | "down" | "signed-out" | "gone";

const quietMs = 45_000;
const streams = new Set<symbol>();
const noticed = new Set<() => void>();

/** Calls when there is something to look at. Every stream says so; only a page without one opens its own. */
export function hearNotices(onNotice: () => void): () => void {
  noticed.add(onNotice);
  const stop = streams.size === 0 ? listen({}, () => undefined) : () => undefined;
  return () => {
    noticed.delete(onNotice);
    stop();
  };
}

/**
 * Server-sent events over fetch, which can carry a guest's token. Begins where the page was made, reconnects by
 * itself, asks for what it missed with `Last-Event-ID`, and notices a connection that died in its sleep because the
 * heartbeat stays out. Tells of a `reset` when what was missed is no longer kept: the page has to read its state again.
 */
export function listen(
  what: { projectId?: string; versionId?: string },
  onEvent: (event: LiveEvent) => void,
  onState: (link: Link) => void = () => undefined,
): () => void {
  let stopped = false;
  let ended: Link | undefined;
  let tryAgain: () => void = () => undefined;
  let lastId: string | undefined;
  let attempt = 0;
  let abort = new AbortController();
  let heard = Date.now();
  const name = Symbol();
  streams.add(name);

  async function connect(): Promise<void> {
    abort = new AbortController();
    const headers = new Headers(credentials());
    headers.set("Accept", "text/event-stream");
    if (lastId) headers.set("Last-Event-ID", lastId);
    const { since } = document.documentElement.dataset;
    const response = await fetch(apiUrl("/events", { ...what, since }), {
      headers,
      credentials: "include",
      signal: abort.signal,
    });
    if (response.status === 401) ended = "signed-out";
    else if (response.status === 404) ended = "gone";
    if (!response.ok || !response.body) throw new Error(`events answered ${response.status}`);
    attempt = 0;
    heard = Date.now();
    onState("up");
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard = Date.now();
      text += value.replaceAll("\r", "");
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = readEvent(block);
        lastId = /^id: (\d+)$/m.exec(block)?.[1] ?? lastId;
        if (event?.type === "notice") for (const tell of noticed) tell();
        else if (event) onEvent(event);
      }
    }
  }

  async function run(): Promise<void> {
    for (;;) {
      try {
        await connect();
      } catch {
        // Told by the state; the next attempt says more than an error would.
      }
      if (stopped) return;
      onState(ended ?? "down");
      if (ended) return;
      attempt += 1;
      await new Promise<void>((done) => {
        tryAgain = done;
        setTimeout(done, Math.min(15_000, 500 * 2 ** Math.min(attempt, 5)));
      });
      if (stopped) return;
    }
  }

  const wake = () => {
    if (document.visibilityState !== "visible") return;
    if (Date.now() - heard > quietMs) abort.abort();
    tryAgain();
  };
  // A connection that was cut says nothing by itself; the browser knows.
  const cut = () => abort.abort();
  const watch = setInterval(() => {
    if (Date.now() - heard > quietMs) abort.abort();
  }, 5000);
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  addEventListener("offline", cut);
  void run();
  return () => {
    stopped = true;
    streams.delete(name);
    clearInterval(watch);
    document.removeEventListener("visibilitychange", wake);
    removeEventListener("online", wake);
    removeEventListener("offline", cut);
    abort.abort();
    tryAgain();
  };
}

/** One block of the stream; undefined for comments and heartbeats. Data that is no JSON is left as text. */
export function readEvent(block: string): LiveEvent | undefined {
  let type = "message";
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    const [field, value] = at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1).replace(/^ /, "")];
    if (field === "event") type = value;
    else if (field === "id") id = value;
    else if (field === "data") data.push(value);
  }
  if (data.length === 0) return undefined;
  const text = data.join("\n");
  try {
    return { type, id, data: JSON.parse(text) };
  } catch {
    return { type, id, data: text };
  }
}
