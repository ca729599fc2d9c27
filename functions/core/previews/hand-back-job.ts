import type { Sql } from "#core/db/db.ts";
import { type Held, leaveRunning } from "./store.ts";

/** Returns a running job to the queue: after a fault of ours, which uses an attempt, or for a reason that uses none. */
export async function handBackJob(
  sql: Sql,
  held: Held,
  why: "shutdown" | "room" | "fault" | { waiting: string },
): Promise<boolean> {
  return leaveRunning(sql, held, {
    state: "queued",
    uncounted: why !== "fault",
    ...(typeof why === "object" ? why : {}),
  });
}
