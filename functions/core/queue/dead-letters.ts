import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { inTransaction } from "../db/db.ts";
import { notFound } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { traceIdOf } from "./hint.ts";
import { openQueue, type QueueConfig } from "./open-queue.ts";
import { type Queue, type QueueName, type QueueStats, queueNames } from "./port.ts";

/** A dead letter as people see it. */
export interface ListedDeadLetter {
  queue: QueueName;
  deadId: string;
  /** The row it was about; null when the message could not be read. */
  id: string | null;
  key: string;
  attempts: number;
  reason: string;
  at: string;
  traceId: string | null;
}

/** Dead letters and queues belong to the deployment: only its administrators know of them. */
export function mustRunDeployment(actor: Actor): void {
  if ((actor.kind === "person" || actor.kind === "key") && actor.admin) return;
  notFound("page");
}

/** The oldest `limit` dead letters of each queue, newest first. Throws `not-found` for anybody but an administrator. */
export async function listDeadLetters(
  { config }: { config: QueueConfig },
  actor: Actor,
  { queue, limit = 100 }: { queue?: QueueName; limit?: number },
): Promise<ListedDeadLetter[]> {
  mustRunDeployment(actor);
  const lists = await Promise.all(
    (queue ? [queue] : queueNames).map((name) =>
      withQueue(config, name, async (one) =>
        (await one.dead(limit)).map((letter) => ({
          queue: name,
          deadId: letter.deadId,
          id: letter.hint?.id ?? null,
          key: letter.key,
          attempts: letter.attempts,
          reason: letter.reason,
          at: letter.at.toISOString(),
          traceId: traceIdOf(letter.hint),
        })),
      ),
    ),
  );
  return lists.flat().sort((a, b) => (a.at < b.at ? 1 : -1));
}

/** Sends the named dead letters of a queue, or all of them, again. Answers how many moved. */
export async function redriveDeadLetters(
  { config, sql }: Pick<Resources, "sql"> & { config: QueueConfig },
  actor: Actor,
  { queue, deadIds, requestId }: { queue: QueueName; deadIds?: string[]; requestId?: string },
): Promise<number> {
  mustRunDeployment(actor);
  const moved = await withQueue(config, queue, (one) => one.redrive(deadIds));
  await inTransaction(sql, (tx) =>
    audit(tx, actor, {
      projectId: null,
      action: "queue.redriven",
      subject: queue,
      detail: { moved, ...(deadIds ? { deadIds } : {}) },
      ...(requestId ? { requestId } : {}),
    }),
  );
  return moved;
}

/** What each queue holds now. */
export async function readQueues(
  { config }: { config: QueueConfig },
  actor: Actor,
): Promise<({ queue: QueueName } & QueueStats)[]> {
  mustRunDeployment(actor);
  return Promise.all(
    queueNames.map((name) =>
      withQueue(config, name, async (one) => ({ queue: name, ...(await one.stats()) })),
    ),
  );
}

/** Opened for one question: administrators ask rarely, and a function that never does should hold no connection. */
async function withQueue<T>(
  config: QueueConfig,
  name: QueueName,
  work: (queue: Queue) => Promise<T>,
): Promise<T> {
  const queue = openQueue(config, name);
  try {
    return await work(queue);
  } finally {
    await queue.close();
  }
}
