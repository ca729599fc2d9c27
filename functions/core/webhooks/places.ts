/** Longer than this and an endpoint counts as slow until it answers quicker again. */
const SLOW_MS = 2_000;
const SLOW_AT_ONCE = 2;

/**
 * Who sends webhooks has few hands, and an endpoint that hangs holds one for 15 s with each event. Slow endpoints get
 * few hands at once, so that the others' events are not late; quick ones as many as there are.
 */
export interface Places {
  /** Endpoints that must wait for their own attempts to end. */
  taken(): string[];
  during<Result>(endpointId: string, attempt: () => Promise<Result>): Promise<Result>;
}

export function openPlaces(slowMs = SLOW_MS): Places {
  const running = new Map<string, number>();
  const slow = new Set<string>();
  const add = (endpointId: string, one: 1 | -1) => {
    const count = (running.get(endpointId) ?? 0) + one;
    if (count > 0) running.set(endpointId, count);
    else running.delete(endpointId);
  };
  return {
    taken: () => [...running].flatMap(([id, count]) => (slow.has(id) && count >= SLOW_AT_ONCE ? [id] : [])),
    async during(endpointId, attempt) {
      let isSlow = false;
      const timer = setTimeout(() => {
        isSlow = true;
        slow.add(endpointId);
      }, slowMs);
      add(endpointId, 1);
      try {
        return await attempt();
      } finally {
        clearTimeout(timer);
        add(endpointId, -1);
        if (!isSlow) slow.delete(endpointId);
      }
    },
  };
}
