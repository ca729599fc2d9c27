import type { Sql } from "../db/db.ts";
import { purgeVersion } from "../edge/generation-log.ts";

/** Takes a version's preview off the pages and off the edges: what it was made of is not what was sent. */
export async function withdraw(tx: Sql, versionId: string): Promise<void> {
  await tx`update versions set preview = null where id = ${versionId}`;
  await purgeVersion(tx, versionId, { deny: true });
}
