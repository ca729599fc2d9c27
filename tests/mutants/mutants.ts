/** One planted mistake, and which suite must notice it. */
export interface Mutant {
  name: string;
  file: string;
  /** Must occur exactly once. */
  find: string;
  put: string;
  suite: string;
  /** Narrows the suite to the cases that can notice it. */
  only?: string;
}

const contract = { suite: "tests/contract/queue.test.ts", only: "Redis" };
const scripts = "functions/core/queue/redis-scripts.ts";
const proof = "tests/contract/outbox.test.ts";

export const mutants: readonly Mutant[] = [
  {
    name: "no owner check",
    file: scripts,
    find: "if p.err or not p[1] or p[1][2] ~= me or p[1][4] ~= count then return 0 end",
    put: "if p.err or not p[1] then return 0 end",
    ...contract,
  },
  {
    name: "no JUSTID",
    file: scripts,
    find: "0, id, 'IDLE', 0, 'JUSTID')",
    put: "0, id, 'IDLE', 0)",
    ...contract,
  },
  {
    name: "trimming by MAXLEN",
    file: scripts,
    find: "redis.call('XADD', stream, '*', 'k', k",
    put: "redis.call('XADD', stream, 'MAXLEN', 100, '*', 'k', k",
    ...contract,
  },
  {
    name: "NOACK",
    file: scripts,
    find: "'COUNT', max - #out, 'STREAMS'",
    put: "'COUNT', max - #out, 'NOACK', 'STREAMS'",
    ...contract,
  },
  {
    name: "group at $",
    file: scripts,
    find: "'CREATE', stream, group, '0', 'MKSTREAM'",
    put: "'CREATE', stream, group, '$', 'MKSTREAM'",
    ...contract,
  },
  {
    name: "DELCONSUMER while pending",
    file: scripts,
    find: "if f.pending == 0 and (",
    put: "if (",
    ...contract,
  },
  {
    name: "no fence",
    file: "functions/core/webhooks/delivery-store.ts",
    find: "fence} and state = 'pending' returning 1",
    put: "fence} or fence > 0 returning 1",
    suite: proof,
  },
  {
    name: "no reconciler",
    file: "functions/core/queue/reconciler.ts",
    find: "if (ids.length === 0) continue;",
    put: "continue;",
    suite: proof,
  },
  {
    name: "ack before work",
    file: "functions/core/queue/run-trigger.ts",
    find: "  try {\n    await handler({",
    put: "  try {\n    await delivery.ack();\n    await handler({",
    suite: proof,
  },
  {
    name: "outbox outside the transaction",
    file: "functions/core/queue/relay.ts",
    find: "return inTransaction(sql, async (tx) => {\n    const rows = hintRowSchema",
    put: "return (async (work: (tx: Pool) => Promise<number>) => work(sql))(async (tx) => {\n    const rows = hintRowSchema",
    suite: proof,
  },
  {
    name: "xxh128 of the sender not compared",
    file: "functions/core/custody/client-hashes.ts",
    find: 'for (const key of ["sha256", "xxh128"] as const)',
    put: 'for (const key of ["sha256"] as const)',
    suite: "tests/integration/custody.test.ts",
    only: "announced by XXH128",
  },
];
