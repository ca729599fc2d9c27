import { adminFunction } from "#api/admin/routes.ts";
import { assetsFunction } from "#api/assets/routes.ts";
import { auditFunction } from "#api/audit/routes.ts";
import { commentsFunction } from "#api/comments/routes.ts";
import { custodyFunction } from "#api/custody/routes.ts";
import { eventsFunction } from "#api/events/routes.ts";
import { healthFunction } from "#api/health/routes.ts";
import { keysFunction } from "#api/keys/routes.ts";
import { presignFunction } from "#api/presign/routes.ts";
import { previewFunction } from "#api/preview/routes.ts";
import { projectsFunction } from "#api/projects/routes.ts";
import { promoteFunction } from "#api/promote/routes.ts";
import { sessionFunction } from "#api/session/routes.ts";
import { sharesFunction } from "#api/shares/routes.ts";
import { webhooksFunction } from "#api/webhooks/routes.ts";
import { copyToMastersTrigger } from "#triggers/copy-to-masters/trigger.ts";
import { deliverWebhooksTrigger } from "#triggers/deliver-webhooks/trigger.ts";
import { expireUploadsTrigger } from "#triggers/expire-uploads/trigger.ts";
import { forgetExpiredTrigger } from "#triggers/forget-expired/trigger.ts";
import { keepEdgesCurrentTrigger } from "#triggers/keep-edges-current/trigger.ts";
import { purgeEdgesTrigger } from "#triggers/purge-edges/trigger.ts";
import { reconcileTrigger } from "#triggers/reconcile/trigger.ts";
import { relayOutboxTrigger } from "#triggers/relay-outbox/trigger.ts";
import { sweepTrigger } from "#triggers/sweep/trigger.ts";
import { verifyMastersTrigger } from "#triggers/verify-masters/trigger.ts";
import type { ApiFunction, Touches, Trigger } from "./route.ts";

/** Every function of the product as data, in the order of the contract. */
export const functions: readonly ApiFunction[] = [
  presignFunction,
  promoteFunction,
  custodyFunction,
  previewFunction,
  assetsFunction,
  commentsFunction,
  sharesFunction,
  projectsFunction,
  sessionFunction,
  auditFunction,
  eventsFunction,
  keysFunction,
  webhooksFunction,
  adminFunction,
  healthFunction,
];

/** Every trigger: what wakes it and what it may touch. */
export const triggers: readonly Trigger[] = [
  copyToMastersTrigger,
  deliverWebhooksTrigger,
  purgeEdgesTrigger,
  keepEdgesCurrentTrigger,
  relayOutboxTrigger,
  reconcileTrigger,
  expireUploadsTrigger,
  sweepTrigger,
  forgetExpiredTrigger,
  verifyMastersTrigger,
];

/** What every API function touches besides its own: credentials, rights, and idempotency keys. */
export const baseTouches: Touches = {
  tables: {
    people: "write",
    api_keys: "write",
    shares: "read",
    projects: "read",
    memberships: "read",
    share_versions: "read",
    idempotency_keys: "write",
  },
  redis: true,
};
