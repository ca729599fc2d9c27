import type { Storage } from "./storage.ts";

const CHECK_EVERY_MS = 600_000;
const TIMEOUT_MS = 2_000;
/** Below this the difference is the network's, not the clock's. */
const SKEW_MS = 30_000;

const checked = new WeakMap<Storage, { at: number; done: Promise<void> }>();

/**
 * What time the storage says it is. Signatures and lock dates count by its clock, and a host that is an hour off would
 * hand out URLs that are not valid yet or no longer. Asked every ten minutes, and remembered in the client as well.
 * A storage that does not answer leaves our own clock in force.
 */
export async function storageNow(storage: Storage): Promise<Date> {
  const known = checked.get(storage);
  if (!known || Math.abs(performance.now() - known.at) > CHECK_EVERY_MS) {
    const asking = { at: performance.now(), done: learn(storage) };
    checked.set(storage, asking);
    await asking.done;
  } else await known.done;
  return new Date(Date.now() + storage.s3.config.systemClockOffset);
}

async function learn({ s3, endpoint }: Storage): Promise<void> {
  try {
    const offset = -(await clockSkewMs(endpoint));
    s3.config.systemClockOffset = Math.abs(offset) > SKEW_MS ? offset : 0;
  } catch {
    // Not reachable: whoever needs it next will say so.
  }
}

/** How far our clock is ahead of the storage's, from the Date of an answer. Throws when there is none. */
export async function clockSkewMs(endpoint: string): Promise<number> {
  // Not on a pooled connection: Ceph 16 sends a body after a HEAD, which the next answer would be read from.
  const answer = await fetch(endpoint, {
    method: "HEAD",
    keepalive: false,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const there = Date.parse(answer.headers.get("date") ?? "");
  if (Number.isNaN(there)) throw new Error("the storage sends no Date");
  return Date.now() - there;
}
