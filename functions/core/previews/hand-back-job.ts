import type { Sql } from "#core/db/db.ts";
import { type Held, leaveRunning } from "./store.ts";

/** Returns a running job to the queue: at shutdown or to let others start (no attempt used), or after a fault of ours (one used). */
export async function handBackJob(
  sql: Sql,
  held: Held,
  why: "shutdown" | "room" | "fault",
): Promise<boolean> {
  return leaveRunning(sql, held, { state: "queued", uncounted: why !== "fault" });
}
