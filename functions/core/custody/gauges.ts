import type { Resources } from "../resources.ts";

/** What an alarm should know of ingest and custody, read from the rows when somebody scrapes. */
export function countCustody({ sql, metrics }: Pick<Resources, "sql" | "metrics">): void {
  metrics.gauge(
    "rushes_masters_mismatched",
    "Masters set apart because their bytes are not what was sent",
    [],
    () =>
      one(sql<{ value: number }[]>`select count(*)::int as value from versions
      where state = 'failed' and reason_code = 'master-mismatch' and deleted_at is null`),
  );
  metrics.gauge("rushes_uploads", "Uploads on their way, by state", ["state"], async () => {
    const rows = await sql<{ state: string; value: number }[]>`
      select state, count(*)::int as value from uploads where state in ('open', 'received', 'promoting') group by state`;
    return ["open", "received", "promoting"].map((state) => ({
      labels: { state },
      value: rows.find((row) => row.state === state)?.value ?? 0,
    }));
  });
  metrics.gauge(
    "rushes_uploads_waiting",
    "Accepted uploads that cannot move on: scanner or storage down",
    [],
    () =>
      one(sql<{ value: number }[]>`select count(*)::int as value from uploads
      where state in ('received', 'promoting') and waiting is not null`),
  );
  metrics.gauge(
    "rushes_masters_unread_days",
    "Days since the master longest unread was last read in full",
    [],
    () =>
      one(sql<
        { value: number }[]
      >`select coalesce(extract(epoch from now() - min(coalesce(verified_at, created_at))) / 86400, 0)::float8
      as value from versions where master_version_id is not null and deleted_at is null`),
  );
}

async function one(rows: PromiseLike<{ value: number }[]>) {
  return [{ labels: {}, value: (await rows)[0]?.value ?? 0 }];
}
