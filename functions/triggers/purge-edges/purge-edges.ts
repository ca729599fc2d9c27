import { deliverPurges } from "#core/edge/deliver-purges.ts";
import { edgesOf } from "#core/edge/edges.ts";
import { hydrateVersion } from "#core/edge/hydrate-version.ts";
import type { OnJob } from "../trigger.ts";

/** Brings the edges up to date, then warms them with what the version shows. The log decides, not the message. */
export const purgeEdges: OnJob =
  (deps) =>
  async ({ id, signal }) => {
    const edges = edgesOf(deps.config, signal);
    const faults = (await deliverPurges(deps, edges)).filter((one) => one.fault !== undefined);
    await hydrateVersion(deps, edges, id);
    if (faults.length > 0) throw new Error(faults.map((one) => one.fault).join("; "));
  };
