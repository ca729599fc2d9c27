import type { Redis } from "ioredis";
import { z } from "zod";
import { openRedis } from "../db/redis.ts";
import { newId } from "../id.ts";

/**
 * Pictures of exact frames, made by a worker while somebody waits: a question on one list, the answers on another.
 * Nothing of it is kept, and nothing depends on it: without a worker at hand the asker does without.
 */
const asked = "stills:asked";
const aliveKey = "stills:worker";
const answersTo = (id: string) => `stills:${id}`;

export const MAX_STILLS = 200;
const ALIVE_SECONDS = 10;
/** Nobody waits longer; what is still asked then is dropped by the worker. */
const PATIENCE_MS = 20_000;

const question = z.object({
  id: z.string(),
  versionId: z.string(),
  frames: z.array(z.int().min(0)).max(MAX_STILLS),
  untilMs: z.number(),
});
export type StillsQuestion = z.infer<typeof question>;

/** A blocking command holds its connection, so it needs its own. It waits a second at a time: longer silence is a fault. */
export const openStillsConnection = (redisUrl: string): Redis =>
  openRedis(redisUrl, { commandMs: null, silenceMs: 5_000 });

/** JPEGs by frame: those that came in time, none when no worker is there or Redis is down. */
export async function askStills(
  { redis, config }: { redis: Redis; config: { REDIS_URL: string } },
  versionId: string,
  frames: readonly number[],
): Promise<Map<number, Buffer>> {
  const stills = new Map<number, Buffer>();
  const wanted = [...new Set(frames)].slice(0, MAX_STILLS);
  if (wanted.length === 0 || !(await redis.exists(aliveKey).catch(() => 0))) return stills;
  const id = newId("request");
  const untilMs = Date.now() + PATIENCE_MS;
  const body: StillsQuestion = { id, versionId, frames: wanted, untilMs };
  const connection = openStillsConnection(config.REDIS_URL);
  const patience = setTimeout(() => connection.disconnect(), PATIENCE_MS);
  try {
    await connection.lpush(asked, JSON.stringify(body));
    while (stills.size < wanted.length && Date.now() < untilMs) {
      const entry = (await connection.blpopBuffer(answersTo(id), 1))?.[1];
      if (!entry) continue;
      if (entry.length === 0) break; // the worker has no more
      stills.set(entry.readUInt32BE(0), entry.subarray(4));
    }
  } catch {
    // What came until here is still good.
  } finally {
    clearTimeout(patience);
    connection.disconnect();
  }
  return stills;
}

/** The worker's side: the next question that somebody still waits for, or null after a second. */
export async function nextQuestion(connection: Redis): Promise<StillsQuestion | null> {
  await connection.set(aliveKey, "1", "EX", ALIVE_SECONDS);
  const popped = await connection.brpop(asked, 1);
  if (!popped) return null;
  const parsed = question.safeParse(safeJson(popped[1]));
  return parsed.success && parsed.data.untilMs > Date.now() ? parsed.data : null;
}

/** One picture; or, without one, that there are no more. */
export async function answerStill(
  connection: Redis,
  { id }: Pick<StillsQuestion, "id">,
  still?: { frame: number; jpeg: Buffer },
): Promise<void> {
  const frame = Buffer.alloc(4);
  frame.writeUInt32BE(still?.frame ?? 0);
  const entry = still ? Buffer.concat([frame, still.jpeg]) : Buffer.alloc(0);
  await connection
    .multi()
    .rpush(answersTo(id), entry)
    .expire(answersTo(id), 60)
    .set(aliveKey, "1", "EX", ALIVE_SECONDS)
    .exec();
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
