import type { z } from "zod";
import { needVersion } from "../assets/read-asset.ts";
import { audit } from "../audit/append.ts";
import { type Actor, personOf } from "../auth/actor.ts";
import { need, needScope } from "../auth/rights.ts";
import { voiceOf } from "../auth/voice.ts";
import { inTransaction } from "../db/db.ts";
import { notify } from "../notices/store.ts";
import { emit } from "../outbox.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { ReviewRequest, reviewRequestInput, reviewRequestQuery } from "./approval.ts";
import {
  findReviewRequest,
  listRequestRows,
  reviewersAmong,
  settleVerdict,
  upsertReviewRequest,
} from "./store.ts";

type Deps = Pick<Resources, "sql">;

/** Asks people for their verdict. Until all of them approve, the version does not count as approved. */
export async function requestReview(
  deps: Deps,
  actor: Actor,
  versionId: string,
  input: z.output<typeof reviewRequestInput>,
): Promise<ReviewRequest[]> {
  const asker = personOf(actor) ?? notFound("version");
  const { version } = await needVersion(deps, actor, versionId);
  await need(deps.sql, actor, version.projectId, "edit", "version");
  const personIds = [...new Set(input.personIds)];
  const able = await reviewersAmong(deps.sql, version.projectId, personIds);
  const unable = personIds.filter((id) => !able.has(id));
  if (unable.length > 0)
    refuse("invalid", "Only members who may approve can be asked for a review.", {
      errors: unable.map((id) => ({
        pointer: `/personIds/${input.personIds.indexOf(id)}`,
        detail: "is no reviewer of this project",
      })),
    });
  const dueAt = input.dueAt ? new Date(input.dueAt) : null;
  const { name } = await voiceOf(deps.sql, actor);
  await inTransaction(deps.sql, async (sql) => {
    for (const personId of personIds)
      await upsertReviewRequest(sql, {
        projectId: version.projectId,
        versionId,
        personId,
        dueAt,
        note: input.note ?? null,
        requestedBy: asker,
      });
    await settleVerdict(sql, versionId);
    await notify(sql, personIds, asker, {
      kind: "review-requested",
      projectId: version.projectId,
      assetId: version.assetId,
      versionId,
      actorName: name,
      text: input.note ?? "",
      dueAt,
    });
    await emit(sql, {
      projectId: version.projectId,
      type: "review.requested",
      data: { versionId, assetId: version.assetId, personIds, dueAt: input.dueAt ?? null, by: name },
    });
    await audit(sql, actor, {
      projectId: version.projectId,
      action: "review.requested",
      subject: versionId,
      detail: { personIds, dueAt: input.dueAt ?? null },
    });
  });
  return listRequestRows(deps.sql, { versionId });
}

export async function listReviewRequests(
  deps: Deps,
  actor: Actor,
  versionId: string,
): Promise<ReviewRequest[]> {
  await needVersion(deps, actor, versionId);
  return listRequestRows(deps.sql, { versionId });
}

/** What the asker is expected to look at, the most urgent first. */
export async function listMyReviews(
  deps: Deps,
  actor: Actor,
  query: z.output<typeof reviewRequestQuery>,
): Promise<ReviewRequest[]> {
  needScope(actor, "read");
  const personId = personOf(actor) ?? refuse("forbidden", "Reviews are asked of people with an account.");
  return listRequestRows(deps.sql, { personId, projectId: query.projectId, isOpen: query.open === "true" });
}

/** No longer waits for this person. */
export async function withdrawReview(deps: Deps, actor: Actor, requestId: string): Promise<ReviewRequest[]> {
  const request = (await findReviewRequest(deps.sql, requestId)) ?? notFound("review request");
  await need(deps.sql, actor, request.projectId, "edit", "review request");
  await inTransaction(deps.sql, async (sql) => {
    await sql`delete from review_requests where id = ${requestId}`;
    await settleVerdict(sql, request.versionId);
    await emit(sql, {
      projectId: request.projectId,
      type: "review.requested",
      data: { versionId: request.versionId, withdrawn: request.personId },
    });
    await audit(sql, actor, {
      projectId: request.projectId,
      action: "review.withdrawn",
      subject: request.versionId,
      detail: { personId: request.personId },
    });
  });
  return listRequestRows(deps.sql, { versionId: request.versionId });
}
