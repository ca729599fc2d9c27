import postgres from "postgres";

/** The pool or a transaction: store functions take either. */
export type Sql = postgres.Sql<{ bigint: number }> | postgres.TransactionSql<{ bigint: number }>;
export type Pool = postgres.Sql<{ bigint: number }>;
export type Json = postgres.JSONValue;

/**
 * Opens the pool. `bigint` columns arrive as numbers: bytes stay below 2^53.
 * One query at a time per connection (`max_pipeline: 1`): two slow queries would hold up fast ones behind them.
 */
export function openDatabase(url: string, options: { pool: number; name: string }): Pool {
  const settings = {
    max: options.pool,
    max_pipeline: 1, // honoured by the driver, absent from its types
    connect_timeout: 2,
    idle_timeout: 60,
    max_lifetime: 30 * 60,
    onnotice: () => {},
    connection: {
      application_name: options.name,
      statement_timeout: 10_000,
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
  return postgres(url, settings) as unknown as Pool;
}

/** A jsonb parameter from any serialisable value. */
export function json(sql: Sql, value: unknown) {
  return sql.json(value as Json);
}

/** Runs `work` in one transaction on the pool, or inside the transaction already open. */
export function inTransaction<T>(sql: Sql, work: (sql: Sql) => Promise<T>): Promise<T> {
  if ("savepoint" in sql) return work(sql);
  return (sql as Pool).begin((tx) => work(tx)) as Promise<T>;
}
