import type { Resources } from "../resources.ts";
import { clockSkewMs } from "../storage/clock.ts";
import { readBucketLock } from "../storage/list.ts";
import type { Finding } from "./examine.ts";

type Deps = Pick<Resources, "sql" | "redis" | "promoter" | "config">;

const SKEW_MS = 60_000;

/** The state of what the product stands on, and whether its own counts add up. */
export async function* checks(deps: Deps): AsyncGenerator<Finding> {
  yield await probe("Postgres answers", async () => void (await deps.sql`select 1`));
  yield await probe("Redis answers", async () => void (await deps.redis.ping()));
  yield await clock(deps);
  yield await bucketLock(deps);
  yield* quotas(deps);
  yield* unfinished(deps);
}

async function probe(what: string, work: () => Promise<void>): Promise<Finding> {
  try {
    await work();
    return { level: "ok", what };
  } catch (error) {
    return { level: "fault", what: `not so: ${what}: ${(error as Error).message}` };
  }
}

async function clock({ promoter }: Deps): Promise<Finding> {
  try {
    const skewMs = await clockSkewMs(promoter.endpoint);
    const seconds = Math.round(skewMs / 1000);
    return Math.abs(skewMs) < SKEW_MS
      ? { level: "ok", what: "the clock agrees with the storage" }
      : {
          level: "fault",
          what: `the clock is ${seconds} s off the storage's: signed URLs will be refused. Set it by NTP`,
        };
  } catch (error) {
    return { level: "fault", what: `the storage does not answer: ${(error as Error).message}` };
  }
}

async function bucketLock({ promoter, config }: Deps): Promise<Finding> {
  const lock = await readBucketLock(promoter, promoter.buckets.masters).catch(() => undefined);
  if (!lock?.isEnabled)
    return { level: "fault", what: "the masters bucket has no Object Lock; nothing can become a master" };
  if (!lock.mode)
    return { level: "warning", what: "the masters bucket has no default retention: a net is missing" };
  if (lock.mode !== config.MASTER_LOCK_MODE)
    return {
      level: "warning",
      what: `the masters bucket locks in ${lock.mode} by default, new projects in ${config.MASTER_LOCK_MODE}: masters are written twice on storages that drop lock headers`,
    };
  return { level: "ok", what: `the masters bucket locks in ${lock.mode} by default` };
}

async function* quotas({ sql }: Deps): AsyncGenerator<Finding> {
  const rows = await sql<
    { id: string; name: string; used: number; held: number; reserved: number; open: number }[]
  >`
    select p.id, p.name, coalesce(s.used_bytes, 0)::bigint as used, coalesce(s.reserved_bytes, 0)::bigint as reserved,
      (select coalesce(sum(bytes), 0)::bigint from versions v
       where v.project_id = p.id and v.lock_mode is not null and v.purged_at is null) as held,
      (select coalesce(sum(bytes), 0)::bigint from uploads u
       where u.project_id = p.id and u.state in ('open', 'received', 'promoting')) as open
    from projects p left join project_storage s on s.project_id = p.id`;
  const off = rows.filter(({ used, held, reserved, open }) => used !== held || reserved !== open);
  if (off.length === 0) yield { level: "ok", what: "the storage counts of all projects add up" };
  for (const { id, name, used, held, reserved, open } of off)
    yield {
      level: "warning",
      what: `${name} (${id}) counts ${used} bytes used and ${reserved} promised; its rows hold ${held} and ${open}`,
    };
}

async function* unfinished({ sql }: Deps): AsyncGenerator<Finding> {
  const rows = await sql<{ id: string; name: string; hours: number; waiting: string | null }[]>`
    select u.id, u.name, extract(epoch from now() - u.received_at) / 3600 as hours, u.waiting from uploads u
    where u.state in ('received', 'promoting') and u.received_at < now() - interval '1 hour' order by u.received_at limit 50`;
  if (rows.length === 0) yield { level: "ok", what: "no accepted upload is stuck" };
  for (const { id, name, hours, waiting } of rows)
    yield {
      level: "warning",
      what: `${name} (${id}) has been on its way for ${Math.round(Number(hours))} h${waiting ? `: ${waiting}` : ""}`,
    };
}
