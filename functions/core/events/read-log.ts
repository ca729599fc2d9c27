import type { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { eventLog, loggedEvent, logQuery } from "./event.ts";
import { eventNumbers, readEvents } from "./log.ts";

/** The events of a project in the order they happened, for whoever was away. */
export async function readLog(
  { sql }: Pick<Resources, "sql">,
  actor: Actor,
  { projectId, after, limit }: z.output<typeof logQuery>,
): Promise<z.infer<typeof eventLog>> {
  await need(sql, actor, projectId, "watch");
  const { trimmed } = await eventNumbers(sql);
  if (after > 0 && after < trimmed)
    refuse("events-gone", `Events up to ${trimmed} are no longer kept. Go on after ${trimmed}.`);
  const events = await readEvents(sql, { projectId, after, limit: limit + 1 });
  const items = events.slice(0, limit).map((event) => ({
    seq: event.seq,
    id: event.id,
    type: event.type,
    timestamp: event.at,
    data: event.data as z.infer<typeof loggedEvent>["data"],
  }));
  const lastSeq = items.at(-1)?.seq ?? after;
  return { items, lastSeq, nextCursor: events.length > limit ? String(lastSeq) : null };
}
