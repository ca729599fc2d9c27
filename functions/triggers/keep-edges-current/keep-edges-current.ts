import { setTimeout as pause } from "node:timers/promises";
import { deliverPurges } from "#core/edge/deliver-purges.ts";
import { edgesOf } from "#core/edge/edges.ts";
import type { OnTick } from "../trigger.ts";

const roundMs = 50_000;
const againMs = 2_000;

/** One round a minute; within it, edges that do not answer are asked again every two seconds. */
export const keepEdgesCurrent: OnTick = (deps) => async (signal) => {
  const ends = performance.now() + roundMs;
  let behind = edgesOf(deps.config, signal);
  while (!signal.aborted && behind.length > 0 && performance.now() < ends) {
    const silent = new Set(
      (await deliverPurges(deps, behind)).filter((one) => one.fault !== undefined).map((one) => one.url),
    );
    behind = behind.filter((edge) => silent.has(edge.url));
    if (behind.length > 0) await pause(againMs, undefined, { signal }).catch(() => {});
  }
  if (behind.length > 0) deps.log.warn({ behind: behind.length }, "edges are behind the generation log");
};
