import { z } from "zod";
import type { approvalInput } from "../assets/asset.ts";
import { needVersion } from "../assets/read-asset.ts";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { voiceOf } from "../auth/voice.ts";
import { pageOf, placeOf, timePlace } from "../db/cursor.ts";
import { inTransaction } from "../db/db.ts";
import { notify } from "../notices/store.ts";
import { emit } from "../outbox.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { type Approval, insertApproval, listApprovalRows, settleVerdict } from "./store.ts";

/** A verdict on what was watched. A later one of the same person replaces it; the history stays. */
export async function giveApproval(
  deps: Pick<Resources, "sql">,
  actor: Actor,
  versionId: string,
  input: z.output<typeof approvalInput>,
): Promise<Approval> {
  const { version } = await needVersion(deps, actor, versionId, "approve");
  if (version.state !== "playable" && version.state !== "ready")
    refuse(
      "illegal-state",
      `There is nothing to watch yet, so nothing to decide (the version is ${version.state}).`,
    );
  const { guestId: _, ...voice } = await voiceOf(deps.sql, actor);
  return inTransaction(deps.sql, async (sql) => {
    const given = { ...voice, projectId: version.projectId, versionId, verdict: input.verdict };
    const { id, at } = await insertApproval(sql, { ...given, note: input.note ?? null });
    await settleVerdict(sql, versionId);
    const data = { versionId, assetId: version.assetId, approvalId: id, verdict: input.verdict };
    await emit(sql, {
      projectId: version.projectId,
      type: "approval.given",
      data: { ...data, by: voice.name, note: input.note ?? null },
    });
    const waiting = await sql<{ id: string }[]>`
      select requested_by as id from review_requests where version_id = ${versionId}
      union select created_by from versions where id = ${versionId} and created_by is not null`;
    await notify(
      sql,
      waiting.map((row) => row.id),
      voice.personId,
      {
        kind: "verdict",
        projectId: version.projectId,
        assetId: version.assetId,
        versionId,
        actorName: voice.name,
        text: `${input.verdict === "approved" ? "Approved" : "Changes requested"}${input.note ? `: ${input.note}` : ""}`,
      },
    );
    await audit(sql, actor, {
      projectId: version.projectId,
      action: "approval.given",
      subject: versionId,
      detail: { approvalId: id, verdict: input.verdict },
    });
    return {
      id,
      versionId,
      verdict: input.verdict,
      note: input.note ?? null,
      author: {
        kind: voice.personId ? "person" : "guest",
        id: voice.personId ?? voice.shareId,
        name: voice.name,
      },
      at: at.toISOString(),
    };
  });
}

/** Every verdict there ever was on a version, newest first. */
export async function listApprovals(
  deps: Pick<Resources, "sql">,
  actor: Actor,
  versionId: string,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<{ items: Approval[]; nextCursor: string | null }> {
  await needVersion(deps, actor, versionId);
  const [at, id] = placeOf(cursor, [timePlace, z.string()]) ?? [];
  const rows = await listApprovalRows(deps.sql, {
    versionId,
    after: at && id ? { at, id } : undefined,
    limit: limit + 1,
  });
  return pageOf(
    rows,
    limit,
    (row) => row.approval,
    (row) => [row.at.toISOString(), row.approval.id],
  );
}
