import type { Role } from "../auth/actor.ts";
import type { Sql } from "../db/db.ts";

/** Where a file is to go. */
export interface Target {
  projectId: string;
  folderId?: string | null | undefined;
  assetId?: string | null | undefined;
}

/** What is found there, and what `personId` is in that project. Undefined for a project that is gone. */
export async function readTarget(sql: Sql, { projectId, folderId, assetId }: Target, personId?: string) {
  const [found] = await sql<
    { allowedTypes: string[] | null; membership: Role | null; hasFolder: boolean; hasAsset: boolean }[]
  >`select p.allowed_types as "allowedTypes", m.role as membership,
      exists (select 1 from folders f where f.id = ${folderId ?? null} and f.project_id = p.id) as "hasFolder",
      exists (select 1 from assets a where a.id = ${assetId ?? null} and a.project_id = p.id and a.deleted_at is null) as "hasAsset"
    from projects p left join memberships m on m.project_id = p.id and m.person_id = ${personId ?? null}
    where p.id = ${projectId} and p.deleted_at is null`;
  return found;
}
