import { type Actor, personOf } from "../auth/actor.ts";
import { mayAsGuest, need } from "../auth/rights.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { LiveEvent } from "./live.ts";
import { eventNumbers, lastBefore, readEvents } from "./log.ts";
import { enter, presenceChanged, whoIsHere } from "./presence.ts";

type Deps = Pick<Resources, "sql" | "redis" | "live" | "log">;

/**
 * One message of a stream; only stored events have an id to resume from. `start` says where it begins, for whoever
 * loses the connection before the first event. `beat` keeps connections alive.
 */
export type StreamMessage =
  | { kind: "start"; id: number }
  | { kind: "event"; id?: number; type: string; data: Record<string, unknown> }
  | { kind: "beat" };

export interface Follow {
  /** A project, or the asker's own id: a room in which nothing but notices is told. */
  room: string;
  /** What the page shows: presence is told for it. Guests must name a version of their share. */
  versionId: string | null;
  /** The last event that was seen; undefined for what happens from now on. */
  after: number | undefined;
  /** Without one: what happened since this time. */
  since?: string | undefined;
  /** Looks the credential up again; rejects once it is worth nothing. */
  again: () => Promise<Actor>;
  signal: AbortSignal;
}

const beatMs = 15_000;
const rightsMs = 30_000;
const batch = 200;
/** A page that lags this far reads the state again instead. */
const maxWaiting = 1_000;

/** Internal to the house: they wake streams, nobody is told. */
const controls = new Set(["members.changed", presenceChanged]);
/** What a guest hears of, when it is about a version of the share. */
const forGuests = /^(comment|version|approval|preview|follow)\./;

/** Lets whoever may watch follow a project; a guest follows one shared version at a time. Answers who may hear what. */
async function needFollow({ sql }: Deps, actor: Actor, { room, versionId }: Follow) {
  if (actor.kind !== "guest") {
    if (room !== personOf(actor)) await need(sql, actor, room, "watch");
    return () => true;
  }
  if (actor.projectId !== room) notFound("project");
  const rows = await sql<{ id: string }[]>`
    select version_id as id from share_versions where share_id = ${actor.shareId}`;
  const shared = new Set(rows.map(({ id }) => id));
  if (versionId !== null && !(await mayAsGuest(sql, actor, versionId))) notFound("version");
  return ({ type, data }: { type: string; data: Record<string, unknown> }) =>
    forGuests.test(type) && typeof data.versionId === "string" && shared.has(data.versionId);
}

/**
 * The events of a project as they happen, after those that were missed. Refuses before the first message;
 * later it simply ends when the right to hear is lost.
 */
export async function openFollow(
  deps: Deps,
  actor: Actor,
  follow: Follow,
): Promise<AsyncGenerator<StreamMessage>> {
  if (actor.kind === "system") refuse("forbidden", "The system reads the log.");
  const mayHear = await needFollow(deps, actor, follow);
  const { last, trimmed } = await eventNumbers(deps.sql);
  const { room, since } = follow;
  const { after = since ? Math.max(trimmed, await lastBefore(deps.sql, room, since)) : last } = follow;
  // Gone, or of a database that was restored from a backup since.
  const isLost = after < trimmed || after > last;
  return messages(deps, actor, { ...follow, after: isLost ? last : after }, { mayHear, isLost });
}

type MayHear = (event: { type: string; data: Record<string, unknown> }) => boolean;

async function* messages(
  deps: Deps,
  actor: Actor,
  follow: Follow & { after: number },
  { mayHear, isLost }: { mayHear: MayHear; isLost: boolean },
): AsyncGenerator<StreamMessage> {
  const { sql, redis, live } = deps;
  const { room, versionId, signal } = follow;
  const own = personOf(actor);
  const waiting: LiveEvent[] = [];
  let mustRead = true;
  let mustLook = versionId !== null || actor.kind !== "guest";
  let mustCheck = false;
  let wake = () => {};

  const listener = {
    onEvent(event: LiveEvent) {
      // Two relays may announce out of order, so an announcement only says: look into the log.
      if (event.seq !== undefined) mustRead = true;
      else if (event.type === "members.changed") mustCheck = true;
      else if (event.type === presenceChanged) mustLook = versionId !== null || actor.kind !== "guest";
      else if (waiting.length < maxWaiting) waiting.push(event);
      wake();
    },
    onGap() {
      mustRead = true;
      mustLook = versionId !== null || actor.kind !== "guest";
      wake();
    },
  };
  const rooms = [...new Set(own ? [room, own] : [room])];
  const leave = await Promise.all(rooms.map((one) => live.subscribe(one, listener)));
  const here = await enter(redis, room, actor, versionId);
  const stop = () => wake();
  signal.addEventListener("abort", stop);
  let last = follow.after;
  let lastHere = "";
  let beatAt = performance.now() + beatMs;
  let checkAt = performance.now() + rightsMs;
  try {
    yield { kind: "start", id: last };
    // What was missed cannot be told any more: the page has to read its state again.
    if (isLost) yield { kind: "event", type: "reset", data: {} };
    while (!signal.aborted) {
      if (mustCheck || performance.now() >= checkAt) {
        mustCheck = false;
        checkAt = performance.now() + rightsMs;
        try {
          mayHear = await needFollow(deps, await follow.again(), follow);
        } catch {
          return;
        }
      }
      if (mustRead) {
        mustRead = false;
        const events = await readEvents(sql, { projectId: room, after: last, limit: batch });
        if (events.length === batch) mustRead = true;
        for (const event of events) {
          last = event.seq;
          if (mayHear(event)) yield { kind: "event", id: event.seq, type: event.type, data: event.data };
        }
        continue;
      }
      for (let event = waiting.shift(); event; event = waiting.shift())
        if (!controls.has(event.type) && mayHear(event))
          yield { kind: "event", type: event.type, data: event.data };
      if (mustLook) {
        mustLook = false;
        const people = await whoIsHere(redis, room, versionId).catch(() => []);
        const data = { ...(versionId ? { versionId } : {}), people };
        if (JSON.stringify(data) !== lastHere) {
          lastHere = JSON.stringify(data);
          yield { kind: "event", type: "presence", data };
        }
      }
      if (performance.now() >= beatAt) {
        beatAt = performance.now() + beatMs;
        await here.refresh();
        yield { kind: "beat" };
      }
      if (mustRead || mustLook || mustCheck || waiting.length > 0) continue;
      const untilMs = Math.max(10, Math.min(beatAt, checkAt) - performance.now());
      await new Promise<void>((done) => {
        const timer = setTimeout(done, untilMs);
        wake = () => {
          clearTimeout(timer);
          done();
        };
        if (signal.aborted) wake();
      });
    }
  } finally {
    signal.removeEventListener("abort", stop);
    for (const one of leave) one();
    await here.leave();
  }
}
