import { expect } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "#tests/support/eventually.ts";
import { hurryClaims, type World } from "./world.ts";

export interface Load {
  /** Comment ids by job number: what the product has acknowledged. */
  acknowledged: Map<number, string>;
  /** Answers that were no acknowledgement, by status; 0 is a broken connection. */
  failures: Map<number, number>;
  /** Carried out, but the answer was lost with its process: the product says so instead of doing it again. */
  uncertain: Set<number>;
  /** Milliseconds of each acknowledged request. */
  latencies: number[];
  stop(): void;
  done: Promise<void>;
}

export interface LoadOptions {
  jobs: number;
  clients: number;
  /** Give up a job after this; it may or may not have happened then. */
  patienceMs?: number;
  /** Off: each failure counts as a client error, and the client goes on with the next job. */
  isRetrying?: boolean;
  /** Between two jobs of one client. */
  pauseMs?: number;
}

/** Clients that post comments with an idempotency key each, and repeat what was not acknowledged with the same key. */
export function startLoad(world: World, options: LoadOptions): Load {
  const { jobs, clients, patienceMs = 90_000, isRetrying = true, pauseMs = 0 } = options;
  const acknowledged = new Map<number, string>();
  const failures = new Map<number, number>();
  const uncertain = new Set<number>();
  const latencies: number[] = [];
  let next = 0;
  let isStopped = false;

  async function attempt(job: number): Promise<boolean> {
    const alive = world.apis.filter((api) => api.isAlive);
    const api = alive[Math.floor(Math.random() * alive.length)];
    const from = performance.now();
    const answer = await fetch(`${api?.base}/comments`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${world.key}`,
        "content-type": "application/json",
        "idempotency-key": `job-${job}`,
      },
      body: JSON.stringify({ versionId: world.versionId, frame: job % 250, text: `job ${job}` }),
      signal: AbortSignal.timeout(5_000),
    }).catch(() => undefined);
    if (answer?.status === 201) {
      const body = (await answer.json().catch(() => undefined)) as { id?: string } | undefined;
      if (body?.id) {
        acknowledged.set(job, body.id);
        latencies.push(performance.now() - from);
        return true;
      }
    } else if (answer?.status === 409) {
      const problem = (await answer.json().catch(() => ({}))) as { type?: string };
      if (problem.type?.endsWith("#conflict")) {
        uncertain.add(job);
        return true;
      }
    } else await answer?.body?.cancel().catch(() => {});
    const status = answer?.status ?? 0;
    failures.set(status, (failures.get(status) ?? 0) + 1);
    return false;
  }

  async function client() {
    while (!isStopped && next < jobs) {
      const job = next++;
      const until = performance.now() + patienceMs;
      while (!(await attempt(job)) && isRetrying && performance.now() < until)
        await pause(50 + Math.random() * 200);
      if (pauseMs > 0) await pause(pauseMs);
    }
  }
  const calm = hurryClaims(world);
  const done = Promise.all(Array.from({ length: clients }, client)).then(calm);
  return {
    acknowledged,
    failures,
    uncertain,
    latencies,
    stop() {
      isStopped = true;
    },
    done,
  };
}

export interface Verdict {
  /** Acknowledged, or known to have been carried out. */
  settled: number;
  lost: number;
  doubled: number;
}

/**
 * Every acknowledged id has exactly one effective result: one comment, one numbered event, one delivery that ended,
 * and a receiver that has seen its id. Waits until the product had the time to converge.
 */
export async function judge(world: World, load: Load, { withinMs = 60_000 } = {}): Promise<Verdict> {
  const { sql } = world;
  await eventually(
    async () => {
      const [left] = await sql<{ outbox: number; pending: number }[]>`
        select (select count(*) from outbox)::int as outbox,
          (select count(*) from webhook_deliveries where state = 'pending')::int as pending`;
      expect(left).toEqual({ outbox: 0, pending: 0 });
    },
    { withinMs, everyMs: 200 },
  );
  const comments = await sql<{ id: string; text: string }[]>`select id, text from comments`;
  const events = await sql<{ id: string; seq: number; comment: string | null }[]>`
    select id, seq, coalesce(data->>'commentId', data->'comment'->>'id', data->>'id') as comment
    from event_log where type = 'comment.created' order by seq`;
  const deliveries = await sql<{ event: string; state: string }[]>`
    select event_id as event, state from webhook_deliveries`;

  const byText = groupedBy(comments, ({ text }) => text);
  const byComment = groupedBy(events, ({ comment }) => comment ?? "");
  const delivered = groupedBy(deliveries, ({ event }) => event);
  let lost = 0;
  let doubled = 0;
  const settled = new Map<number, string | undefined>(load.acknowledged);
  for (const job of load.uncertain) settled.set(job, byText.get(`job ${job}`)?.[0]?.id);
  for (const [job, id] of settled) {
    const made = byText.get(`job ${job}`) ?? [];
    const told = byComment.get(id ?? "") ?? [];
    const sent = delivered.get(told[0]?.id ?? "") ?? [];
    const isReceived = world.receiver.times.has(told[0]?.id ?? "");
    if (!id || made[0]?.id !== id || told.length === 0 || sent[0]?.state !== "delivered" || !isReceived)
      lost++;
    if (made.length > 1 || told.length > 1 || sent.length > 1) doubled++;
  }
  for (const [text, made] of byText) if (text.startsWith("job ") && made.length > 1) doubled++;
  const [gap] = await sql<{ missing: number }[]>`
    select coalesce(max(seq) - min(seq) + 1 - count(*), 0)::int as missing from event_log`;
  expect(gap?.missing).toBe(0);
  return { settled: settled.size, lost, doubled };
}

function groupedBy<T>(rows: T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return groups;
}
