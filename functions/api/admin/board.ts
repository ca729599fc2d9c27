import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { HonoAdapter } from "@bull-board/hono";
import { Hono } from "hono";
import { serveStatic } from "hono/serve-static";
import type { Resources } from "#core/resources.ts";

type FileOptions = Omit<Parameters<typeof serveStatic>[0], "getContent" | "join">;

const built = new WeakMap<Resources, Hono>();

/** The board of BullMQ's queues at `basePath`; made when an admin first looks, since it opens connections. */
export function boardPages(deps: Resources, basePath: string): Hono {
  const before = built.get(deps);
  if (before) return before;
  const adapter = new HonoAdapter((options?: FileOptions) =>
    serveStatic({ ...options, getContent: (path) => readFile(path).catch(() => null), join }),
  );
  adapter.setBasePath(basePath);
  createBullBoard({
    queues: deps.boards.queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: false })),
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: "Rushes" } },
  });
  const pages = new Hono({ strict: false });
  pages.route(basePath, adapter.registerPlugin());
  built.set(deps, pages);
  return pages;
}
