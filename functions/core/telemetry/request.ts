import { AsyncLocalStorage } from "node:async_hooks";
import type { Sql } from "../db/db.ts";

export interface RequestFacts {
  requestId: string;
  /** W3C Trace Context, when the caller sent one. */
  traceparent: string | undefined;
  /** Runs first in every transaction of the request. */
  inEachTransaction?: (sql: Sql) => Promise<void>;
  /** Called when the request has put something into the outbox. */
  onOutbox?: () => void;
}

const current = new AsyncLocalStorage<RequestFacts>();

/** Runs `work` so that audit rows and queue messages written inside it name the request they come from. */
export function inRequest<T>(facts: RequestFacts, work: () => Promise<T>): Promise<T> {
  return current.run(facts, work);
}

/** The request this runs in; undefined in triggers. */
export function currentRequest(): RequestFacts | undefined {
  return current.getStore();
}

/** Says that the outbox has something new: the relay is told once the request is over, and not for nothing. */
export function noteOutbox(): void {
  currentRequest()?.onOutbox?.();
}
