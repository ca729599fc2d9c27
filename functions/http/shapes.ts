import { z } from "zod";
import { reviewRequest } from "#core/approvals/approval.ts";
import {
  approval,
  asset,
  comparison,
  custody,
  media,
  playback,
  preview,
  version,
} from "#core/assets/asset.ts";
import { auditEntry } from "#core/audit/entry.ts";
import { comment, drawing } from "#core/comments/comment.ts";
import { loggedEvent } from "#core/events/event.ts";
import { apiKey } from "#core/keys/key.ts";
import { notice } from "#core/notices/notice.ts";
import { folder, member, project } from "#core/projects/project.ts";
import { openedShare, share, shareVisit } from "#core/shares/share.ts";
import { upload } from "#core/uploads/upload.ts";
import { delivery, webhook } from "#core/webhooks/webhook.ts";

/** Shapes that the OpenAPI document names once and refers to, instead of writing them out at every route. */
export const shapes = z.registry<{ id: string }>();

for (const [id, schema] of Object.entries({
  Approval: approval,
  ApiKey: apiKey,
  Asset: asset,
  AuditEntry: auditEntry,
  Comment: comment,
  Comparison: comparison,
  Custody: custody,
  Delivery: delivery,
  Drawing: drawing,
  Event: loggedEvent,
  Folder: folder,
  Media: media,
  Member: member,
  Notice: notice,
  OpenedShare: openedShare,
  Playback: playback,
  Preview: preview,
  Project: project,
  ReviewRequest: reviewRequest,
  Share: share,
  ShareVisit: shareVisit,
  Upload: upload,
  Version: version,
  Webhook: webhook,
} satisfies Record<string, z.ZodType>))
  shapes.add(schema as z.ZodType, { id });
