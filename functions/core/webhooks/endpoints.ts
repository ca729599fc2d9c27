import { z } from "zod";
import { audit } from "../audit/append.ts";
import { type Actor, personOf } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { pageOf, placeOf, timePlace } from "../db/cursor.ts";
import { inTransaction, type Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import { notFound, Refusal, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { deriveKey } from "../signing/derive.ts";
import { seal } from "../signing/seal.ts";
import { parseEndpoint } from "./address.ts";
import {
  deleteEndpoint,
  type EndpointRow,
  findEndpoint,
  findEndpoints,
  insertEndpoint,
  rotateSecret,
  updateEndpoint,
  webhookOf,
} from "./endpoint-store.ts";
import { newWebhookSecret } from "./secret.ts";
import type {
  createWebhookInput,
  rotateInput,
  updateWebhookInput,
  Webhook,
  webhookWithSecret,
} from "./webhook.ts";

type Deps = Pick<Resources, "sql" | "config">;
type WithSecret = { webhook: z.infer<typeof webhookWithSecret>; revision: number };

/** The endpoint, for a manager of its project; absent for everybody who is no member. */
export async function needEndpoint(sql: Sql, actor: Actor, id: string): Promise<EndpointRow> {
  const row = (await findEndpoint(sql, id)) ?? notFound("webhook");
  await need(sql, actor, row.projectId, "manage", "webhook");
  return row;
}

export async function listEndpoints(
  { sql }: Pick<Deps, "sql">,
  actor: Actor,
  { projectId, limit, cursor }: { projectId: string; limit: number; cursor?: string | undefined },
): Promise<{ items: Webhook[]; nextCursor: string | null }> {
  await need(sql, actor, projectId, "manage");
  const rows = await findEndpoints(sql, projectId, {
    limit,
    after: placeOf(cursor, [timePlace, z.string()]),
  });
  return pageOf(rows, limit, webhookOf, (row) => [row.createdAt.toISOString(), row.id]);
}

export async function readEndpoint(
  { sql }: Pick<Deps, "sql">,
  actor: Actor,
  id: string,
): Promise<{ webhook: Webhook; revision: number }> {
  const row = await needEndpoint(sql, actor, id);
  return { webhook: webhookOf(row), revision: row.revision };
}

/** Makes an endpoint; `secret` is answered here and at a rotation, never otherwise. */
export async function createEndpoint(
  { sql, config }: Deps,
  actor: Actor,
  input: z.output<typeof createWebhookInput>,
): Promise<WithSecret> {
  await need(sql, actor, input.projectId, "manage");
  const createdBy = personOf(actor) ?? refuse("forbidden", "Webhooks are made by people.");
  const url = checkedUrl(config, input.url);
  const secret = newWebhookSecret();
  return inTransaction(sql, async (tx) => {
    const row = await insertEndpoint(tx, {
      id: newId("webhook"),
      projectId: input.projectId,
      url,
      events: input.events,
      description: input.description,
      secret: sealed(config, secret),
      createdBy,
    });
    await audit(tx, actor, {
      projectId: row.projectId,
      action: "webhook.created",
      subject: row.id,
      detail: { url, events: row.events },
    });
    return { webhook: { ...webhookOf(row), secret }, revision: row.revision };
  });
}

export async function changeEndpoint(
  { sql, config }: Deps,
  actor: Actor,
  id: string,
  input: z.output<typeof updateWebhookInput>,
  expected: number | undefined,
): Promise<{ webhook: Webhook; revision: number }> {
  const before = await needEndpoint(sql, actor, id);
  needCurrent(before, expected);
  const isEnabled = input.enabled ?? before.disabledAt === null;
  const fields = {
    url: input.url === undefined ? before.url : checkedUrl(config, input.url),
    events: input.events ?? before.events,
    description: input.description ?? before.description,
    disabledAt: isEnabled ? null : (before.disabledAt ?? new Date()),
    disabledReason: isEnabled ? null : (before.disabledReason ?? `Disabled by ${actor.name}.`),
  };
  return inTransaction(sql, async (tx) => {
    const row = (await updateEndpoint(tx, id, before.revision, fields)) ?? refuseStale();
    await audit(tx, actor, {
      projectId: row.projectId,
      action: "webhook.updated",
      subject: id,
      detail: { url: row.url, events: row.events, enabled: isEnabled },
    });
    return { webhook: webhookOf(row), revision: row.revision };
  });
}

/** Gives the endpoint a new secret. The old one signs beside it for a while, so that the receiver can follow. */
export async function rotateEndpoint(
  { sql, config }: Deps,
  actor: Actor,
  id: string,
  { overlapSeconds }: z.output<typeof rotateInput>,
): Promise<WithSecret> {
  await needEndpoint(sql, actor, id);
  const secret = newWebhookSecret();
  return inTransaction(sql, async (tx) => {
    const row =
      (await rotateSecret(tx, id, { secret: sealed(config, secret), overlapSeconds })) ?? notFound("webhook");
    await audit(tx, actor, {
      projectId: row.projectId,
      action: "webhook.rotated",
      subject: id,
      detail: { overlapSeconds },
    });
    return { webhook: { ...webhookOf(row), secret }, revision: row.revision };
  });
}

export async function removeEndpoint(
  { sql }: Pick<Deps, "sql">,
  actor: Actor,
  id: string,
  expected: number | undefined,
): Promise<void> {
  const before = await needEndpoint(sql, actor, id);
  needCurrent(before, expected);
  await inTransaction(sql, async (tx) => {
    if (!(await deleteEndpoint(tx, id, before.revision))) refuseStale();
    await audit(tx, actor, {
      projectId: before.projectId,
      action: "webhook.deleted",
      subject: id,
      detail: { url: before.url },
    });
  });
}

const sealed = (config: Deps["config"], secret: string) =>
  seal(deriveKey(config.APP_SECRET, "webhook-secret"), secret);

function checkedUrl(config: Deps["config"], text: string): string {
  try {
    return parseEndpoint(text, { allowPrivate: config.WEBHOOK_ALLOW_PRIVATE }).href;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refuse("invalid", error.message, { errors: [{ pointer: "/url", detail: error.message }] });
  }
}

function needCurrent(row: EndpointRow, expected: number | undefined): void {
  if (expected !== undefined && expected !== row.revision) refuseStale();
}

function refuseStale(): never {
  refuse("stale", "The webhook was changed since you read it.");
}
