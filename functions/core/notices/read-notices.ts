import { z } from "zod";
import { type Actor, personOf } from "../auth/actor.ts";
import { needScope } from "../auth/rights.ts";
import { pageOf, placeOf, timePlace } from "../db/cursor.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { noticeList, noticeQuery } from "./notice.ts";
import { countUnread, listNoticeRows, markRead } from "./store.ts";

function ownerOf(actor: Actor): string {
  needScope(actor, "read");
  return personOf(actor) ?? refuse("forbidden", "Notices are for people with an account.");
}

/** The asker's own notices, newest first, and how many wait to be read. */
export async function listNotices(
  { sql }: Pick<Resources, "sql">,
  actor: Actor,
  { cursor, limit, unread }: z.output<typeof noticeQuery>,
): Promise<z.output<typeof noticeList>> {
  const personId = ownerOf(actor);
  const [at, id] = placeOf(cursor, [timePlace, z.string()]) ?? [];
  const rows = await listNoticeRows(sql, {
    personId,
    isUnread: unread === "true",
    after: at && id ? { at, id } : undefined,
    limit: limit + 1,
  });
  const page = pageOf(
    rows,
    limit,
    (row) => row.notice,
    (row) => [row.at.toISOString(), row.notice.id],
  );
  return { ...page, unread: await countUnread(sql, personId) };
}

/** Marks notices as read; all of them without ids. */
export async function readNotices(
  { sql }: Pick<Resources, "sql">,
  actor: Actor,
  ids: string[] | undefined,
): Promise<{ unread: number }> {
  const personId = ownerOf(actor);
  await markRead(sql, personId, ids);
  return { unread: await countUnread(sql, personId) };
}
