import { runRelay } from "#core/queue/relay.ts";
import { announceEvents } from "#core/webhooks/announce-events.ts";
import type { OnTick } from "../trigger.ts";

/** Moves the outbox until `signal`: the life of a self-hosted process, or the minute of a call in the cloud. */
export const relayOutbox: OnTick =
  ({ sql, redis, queues, log }) =>
  (signal) =>
    runRelay({ sql, redis, queues, log, onEvents: announceEvents }, signal);
