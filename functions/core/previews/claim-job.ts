import { inTransaction, type Sql } from "#core/db/db.ts";
import { failJob } from "./fail-job.ts";
import { BuildFailure, type Claim, JOB_MAX_ATTEMPTS } from "./job.ts";
import { jobState, moveToBuilding, takeJob } from "./store.ts";

export type Claimed = { kind: "ours"; claim: Claim } | { kind: "busy" } | { kind: "over" };

/**
 * Takes the job with a new fence and moves its version to `building`. `busy`: another worker holds it with a fresh
 * heartbeat, or it may wait: `onlyUnseen` leaves versions alone that people can watch already. `over`: finished,
 * cancelled, unknown, or given up now because every earlier attempt died without a word.
 */
export async function claimJob(
  sql: Sql,
  jobId: string,
  worker: string,
  { onlyUnseen = false } = {},
): Promise<Claimed> {
  const claim = await inTransaction(sql, async (tx) => {
    const taken = await takeJob(tx, jobId, worker, onlyUnseen);
    if (taken) await moveToBuilding(tx, taken.versionId);
    return taken;
  });
  if (!claim) {
    const state = await jobState(sql, jobId);
    return { kind: state === "running" || (onlyUnseen && state === "queued") ? "busy" : "over" };
  }
  if (claim.attempt <= JOB_MAX_ATTEMPTS) return { kind: "ours", claim };
  await failJob(
    sql,
    claim,
    new BuildFailure(
      "gave-up",
      `The build was tried ${JOB_MAX_ATTEMPTS} times and never came to an end. The file may need more memory or time than the worker has; export it in a common format such as H.264 or ProRes and upload that.`,
    ),
  );
  return { kind: "over" };
}
