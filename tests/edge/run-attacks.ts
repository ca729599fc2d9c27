import { describeFailures, putAttackTargets, readAttacks, runAttacks } from "./support/attack.ts";
import { startEdge } from "./support/edge.ts";

/** `bun tests/edge/run-attacks.ts LIST...`: every line against an edge on the local storage; 1 when one did not hold. */
async function main(lists: string[]): Promise<number> {
  await putAttackTargets();
  const edge = await startEdge();
  try {
    let failures = 0;
    for (const list of lists) {
      const outcomes = await runAttacks(edge.port, readAttacks(list));
      const failed = describeFailures(outcomes);
      failures += failed.length;
      process.stdout.write(`${list}: ${outcomes.length} lines, ${failed.length} failures\n`);
      for (const one of failed) process.stdout.write(`  ${one}\n`);
    }
    return failures === 0 ? 0 : 1;
  } finally {
    await edge.end();
  }
}

process.exit(await main(process.argv.slice(2)));
