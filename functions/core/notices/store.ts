import type { Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import { noteOutbox } from "../telemetry/request.ts";
import type { Notice, NoticeKind } from "./notice.ts";

const MAX_TEXT = 280;

export interface NewNotice {
  kind: NoticeKind;
  projectId: string;
  assetId: string;
  versionId: string;
  commentId?: string | null;
  actorName: string;
  text: string;
  dueAt?: Date | null;
}

/** One row per person who still is a member. Whoever wrote it needs no notice of it. */
export async function notify(
  sql: Sql,
  personIds: readonly string[],
  exceptFor: string | null,
  notice: NewNotice,
): Promise<void> {
  const wanted = [...new Set(personIds)].filter((id) => id !== exceptFor);
  if (wanted.length === 0) return;
  const ids = wanted.map(() => newId("notice"));
  await sql`
    with told as (
    insert into notices (id, person_id, project_id, kind, asset_id, version_id, comment_id, actor_name, text, due_at)
    select t.id, t.person_id, ${notice.projectId}, ${notice.kind}, ${notice.assetId}, ${notice.versionId},
      ${notice.commentId ?? null}, ${notice.actorName}, ${notice.text.slice(0, MAX_TEXT)}, ${notice.dueAt ?? null}
    from unnest(${ids}::text[], ${wanted}::text[]) as t(id, person_id)
    join people p on p.id = t.person_id
    where p.deployment_role = 'admin' or exists (
      select 1 from memberships m where m.project_id = ${notice.projectId} and m.person_id = t.person_id)
    returning person_id)
    insert into outbox (topic, key, body) select 'notice', person_id, '{}' from told`;
  noteOutbox();
}

interface Row {
  id: string;
  kind: NoticeKind;
  projectId: string;
  projectName: string;
  assetId: string;
  assetName: string;
  versionId: string;
  commentId: string | null;
  actorName: string;
  text: string;
  dueAt: Date | null;
  readAt: Date | null;
  at: Date;
}

/** A person's own, newest first; of projects they have left, and of what was deleted, nothing. */
const visible = (sql: Sql, personId: string) => sql`
  from notices n
  join projects p on p.id = n.project_id and p.deleted_at is null
  join assets a on a.id = n.asset_id and a.deleted_at is null
  join people me on me.id = n.person_id
  where n.person_id = ${personId} and (me.deployment_role = 'admin' or exists (
    select 1 from memberships m where m.project_id = n.project_id and m.person_id = n.person_id))`;

export async function listNoticeRows(
  sql: Sql,
  query: {
    personId: string;
    isUnread: boolean;
    after?: { at: Date; id: string } | undefined;
    limit: number;
  },
): Promise<{ notice: Notice; at: Date }[]> {
  const { personId, isUnread, after, limit } = query;
  const rows = await sql<Row[]>`
    select n.id, n.kind, n.project_id as "projectId", p.name as "projectName", n.asset_id as "assetId",
      a.name as "assetName", n.version_id as "versionId", n.comment_id as "commentId",
      n.actor_name as "actorName", n.text, n.due_at as "dueAt", n.read_at as "readAt", n.at
    ${visible(sql, personId)}
      ${isUnread ? sql`and n.read_at is null` : sql``}
      ${after ? sql`and (n.at, n.id) < (${after.at}, ${after.id})` : sql``}
    order by n.at desc, n.id desc limit ${limit}`;
  return rows.map((row) => ({
    at: row.at,
    notice: {
      id: row.id,
      kind: row.kind,
      projectId: row.projectId,
      projectName: row.projectName,
      assetId: row.assetId,
      assetName: row.assetName,
      versionId: row.versionId,
      commentId: row.commentId,
      actorName: row.actorName,
      text: row.text,
      dueAt: row.dueAt?.toISOString() ?? null,
      readAt: row.readAt?.toISOString() ?? null,
      at: row.at.toISOString(),
    },
  }));
}

export async function countUnread(sql: Sql, personId: string): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count ${visible(sql, personId)} and n.read_at is null`;
  return row?.count ?? 0;
}

export async function markRead(sql: Sql, personId: string, ids: string[] | undefined): Promise<void> {
  await sql`update notices set read_at = now()
    where person_id = ${personId} and read_at is null ${ids ? sql`and id = any(${ids})` : sql``}`;
}
