import type { AssetStatus, VersionState } from "./asset.ts";

export type OverallVerdict = "none" | "approved" | "changes-requested";

/** Where a version stands: what the machine still does comes first, then what people said of it. */
export function statusOf(state: VersionState, verdict: OverallVerdict): AssetStatus {
  if (state === "failed") return "failed";
  if (state === "promoting" || state === "mastered" || state === "building") return "processing";
  return verdict === "none" ? "in-review" : verdict;
}

/** The other way round, for a list's filter: which states and verdicts a status covers. */
export function coveredBy(status: AssetStatus): { states: VersionState[]; verdicts: OverallVerdict[] } {
  const verdicts: OverallVerdict[] = ["none", "approved", "changes-requested"];
  if (status === "failed") return { states: ["failed"], verdicts };
  if (status === "processing") return { states: ["promoting", "mastered", "building"], verdicts };
  return { states: ["playable", "ready"], verdicts: [status === "in-review" ? "none" : status] };
}
