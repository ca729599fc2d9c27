import postgres from "postgres";
import { currentRequest } from "../telemetry/request.ts";
import { type Lifeline, openLifeline } from "./lifeline.ts";

/** The pool or a transaction: store functions take either. */
export type Sql = postgres.Sql<{ bigint: number }> | postgres.TransactionSql<{ bigint: number }>;
export type Pool = postgres.Sql<{ bigint: number }>;
export type Json = postgres.JSONValue;

const STATEMENT_MS = 10_000;
const lifelines = new WeakMap<object, Lifeline>();

/** Whether the server behind a pool answers at all; undefined for what `openDatabase` did not open. */
export function lifelineOf(pool: Pool): Lifeline | undefined {
  return lifelines.get(pool);
}

/**
 * Opens the pool. A server that falls silent fails its queries in under two seconds, see `lifeline.ts`;
 * `isPatient` is for migrations, whose statements may take as long as they need. `bigint` columns arrive as numbers: bytes stay below 2^53.
 * One query at a time per connection (`max_pipeline: 1`): two slow queries would hold up fast ones behind them.
 * The driver is patched for it (dev/patches): as published it still sends a second query after the first, and
 * loses a transaction whose BEGIN is that second one.
 */
export function openDatabase(
  url: string,
  options: { pool: number; name: string; isPatient?: boolean },
): Pool {
  const { hostname, port } = new URL(url);
  const address = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 5432) };
  const lifeline = openLifeline(address, options.isPatient ? Number.POSITIVE_INFINITY : STATEMENT_MS + 2_000);
  const settings = {
    max: options.pool,
    socket: () => lifeline.socket(),
    max_pipeline: 1, // honoured by the driver, absent from its types
    connect_timeout: 1.5,
    backoff: () => 0.1, // the driver's own grows to 20 s, and a pool would stay away long after the server is back
    idle_timeout: 60,
    max_lifetime: 30 * 60,
    onnotice: () => {},
    connection: {
      application_name: options.name,
      statement_timeout: options.isPatient ? 0 : STATEMENT_MS,
      idle_in_transaction_session_timeout: 15_000,
      lock_timeout: 5_000,
    },
    types: {
      bigint: {
        to: 20,
        from: [20],
        parse: (text: string) => Number(text),
        serialize: (value: number) => String(value),
      },
    },
  };
  const pool = postgres(url, settings) as unknown as Pool;
  lifelines.set(pool, lifeline);
  return pool;
}

/** A jsonb parameter from any serialisable value. */
export function json(sql: Sql, value: unknown) {
  return sql.json(value as Json);
}

/** Runs `work` in one transaction on the pool, or inside the transaction already open. */
export function inTransaction<T>(sql: Sql, work: (sql: Sql) => Promise<T>): Promise<T> {
  if ("savepoint" in sql) return work(sql);
  const first = currentRequest()?.inEachTransaction;
  return (sql as Pool).begin(async (tx) => {
    await first?.(tx);
    return work(tx);
  }) as Promise<T>;
}
