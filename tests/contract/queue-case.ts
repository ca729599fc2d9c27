import { setTimeout as pause } from "node:timers/promises";
import { hintOf } from "#core/queue/hint.ts";
import type { Delivery, Outgoing, Queue } from "#core/queue/port.ts";
import type { AdapterUnderTest, Broker } from "./queue-adapters.ts";

export interface QueueCase {
  id: string;
  title: string;
  run(broker: Broker, adapter: AdapterUnderTest): Promise<void>;
}

export function message(id: string, delayMs?: number): Outgoing {
  return { key: `key-${id}`, body: hintOf(id), ...(delayMs === undefined ? {} : { delayMs }) };
}

export function messages(count: number): Outgoing[] {
  return Array.from({ length: count }, (_, i) => message(`job-${i}`));
}

/** The next delivery; fails the case when none comes in time. */
export async function next(queue: Queue, waitMs = 5_000): Promise<Delivery> {
  const [delivery] = await queue.receive({ max: 1, waitMs });
  if (!delivery) throw new Error(`nothing was delivered within ${waitMs} ms`);
  return delivery;
}

/** Everything that is delivered within `ms`. */
export async function drain(queue: Queue, ms: number, max = 10): Promise<Delivery[]> {
  const until = performance.now() + ms;
  const all: Delivery[] = [];
  for (;;) {
    const leftMs = until - performance.now();
    if (leftMs <= 0) return all;
    all.push(...(await queue.receive({ max, waitMs: leftMs })));
  }
}

/** Lets the lease of what is held run out. The only thing to wait for here is time itself. */
export function lapse(adapter: AdapterUnderTest): Promise<void> {
  return pause(adapter.leaseMs + 50);
}
