import type { Sql } from "../db/db.ts";
import type { Webhook, WebhookDelivery } from "./webhook.ts";

export interface EndpointRow {
  id: string;
  projectId: string;
  url: string;
  events: string[];
  description: string;
  /** Sealed. */
  secret: string;
  previousSecretUntil: Date | null;
  disabledAt: Date | null;
  disabledReason: string | null;
  revision: number;
  createdAt: Date;
  updatedAt: Date;
}

export const webhookOf = (row: EndpointRow): Webhook => ({
  id: row.id,
  projectId: row.projectId,
  url: row.url,
  events: row.events,
  description: row.description,
  enabled: row.disabledAt === null,
  disabledReason: row.disabledReason,
  previousSecretUntil: row.previousSecretUntil?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});

const columns = (sql: Sql) => sql`id, project_id as "projectId", url, events, description, secret,
  case when previous_secret_until > now() then previous_secret_until end as "previousSecretUntil",
  disabled_at as "disabledAt", disabled_reason as "disabledReason", revision,
  created_at as "createdAt", updated_at as "updatedAt"`;

/** Each of these reads as absent once the endpoint, or its project, is deleted. */
const alive = (sql: Sql) => sql`deleted_at is null
  and exists (select 1 from projects p where p.id = project_id and p.deleted_at is null)`;

export async function insertEndpoint(
  sql: Sql,
  endpoint: Pick<EndpointRow, "id" | "projectId" | "url" | "events" | "description" | "secret"> & {
    createdBy: string;
  },
): Promise<EndpointRow> {
  const [row] = await sql<EndpointRow[]>`
    insert into webhook_endpoints (id, project_id, url, events, description, secret, created_by)
    values (${endpoint.id}, ${endpoint.projectId}, ${endpoint.url}, ${endpoint.events}, ${endpoint.description},
            ${endpoint.secret}, ${endpoint.createdBy})
    returning ${columns(sql)}`;
  return row!;
}

export async function findEndpoint(sql: Sql, id: string): Promise<EndpointRow | undefined> {
  const [row] = await sql<EndpointRow[]>`
    select ${columns(sql)} from webhook_endpoints where id = ${id} and ${alive(sql)}`;
  return row;
}

export async function findEndpoints(
  sql: Sql,
  projectId: string,
  page: { limit: number; after?: readonly [Date, string] | undefined },
): Promise<EndpointRow[]> {
  return sql<EndpointRow[]>`select ${columns(sql)} from webhook_endpoints
    where project_id = ${projectId} and ${alive(sql)}
      ${page.after ? sql`and (created_at, id) < (${page.after[0]}, ${page.after[1]})` : sql``}
    order by created_at desc, id desc limit ${page.limit + 1}`;
}

/** Undefined: it changed since `revision`, or is gone. */
export async function updateEndpoint(
  sql: Sql,
  id: string,
  revision: number,
  fields: Pick<EndpointRow, "url" | "events" | "description" | "disabledAt" | "disabledReason">,
): Promise<EndpointRow | undefined> {
  const [row] = await sql<EndpointRow[]>`
    update webhook_endpoints set url = ${fields.url}, events = ${fields.events}, description = ${fields.description},
      disabled_at = ${fields.disabledAt}, disabled_reason = ${fields.disabledReason},
      revision = revision + 1, updated_at = now()
    where id = ${id} and revision = ${revision} and ${alive(sql)} returning ${columns(sql)}`;
  return row;
}

/** The secret of now becomes the previous one for `overlapSeconds`. */
export async function rotateSecret(
  sql: Sql,
  id: string,
  { secret, overlapSeconds }: { secret: string; overlapSeconds: number },
): Promise<EndpointRow | undefined> {
  const [row] = await sql<EndpointRow[]>`
    update webhook_endpoints set secret = ${secret},
      previous_secret = case when ${overlapSeconds}::int > 0 then secret end,
      previous_secret_until = case when ${overlapSeconds}::int > 0 then now() + make_interval(secs => ${overlapSeconds}) end,
      revision = revision + 1, updated_at = now()
    where id = ${id} and ${alive(sql)} returning ${columns(sql)}`;
  return row;
}

export async function deleteEndpoint(sql: Sql, id: string, revision: number): Promise<boolean> {
  const rows = await sql`
    update webhook_endpoints set deleted_at = now(), updated_at = now(), revision = revision + 1
    where id = ${id} and revision = ${revision} and ${alive(sql)} returning 1`;
  return rows.length === 1;
}

interface DeliveryRow extends Omit<WebhookDelivery, "nextAttemptAt" | "createdAt" | "deliveredAt"> {
  projectId: string;
  nextAttemptAt: Date | null;
  createdAt: Date;
  deliveredAt: Date | null;
}

export const deliveryOf = (row: DeliveryRow): WebhookDelivery => ({
  id: row.id,
  webhookId: row.webhookId,
  eventId: row.eventId,
  type: row.type,
  state: row.state,
  attempts: row.attempts,
  nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
  lastStatus: row.lastStatus,
  lastError: row.lastError,
  body: row.body,
  createdAt: row.createdAt.toISOString(),
  deliveredAt: row.deliveredAt?.toISOString() ?? null,
});

const deliveryColumns = (sql: Sql) => sql`
  select d.id, d.endpoint_id as "webhookId", d.event_id as "eventId", d.type, d.state, d.attempts,
    d.next_attempt_at as "nextAttemptAt", d.last_status as "lastStatus", d.last_error as "lastError", d.body,
    d.created_at as "createdAt", d.delivered_at as "deliveredAt", e.project_id as "projectId"
  from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id and e.deleted_at is null`;

export async function findDelivery(sql: Sql, id: string): Promise<DeliveryRow | undefined> {
  const [row] = await sql<DeliveryRow[]>`${deliveryColumns(sql)} where d.id = ${id}`;
  return row;
}

/** Newest first, one more than `limit`. */
export async function findDeliveries(
  sql: Sql,
  endpointId: string,
  page: { limit: number; state?: string | undefined; after?: readonly [Date, string] | undefined },
): Promise<DeliveryRow[]> {
  return sql<DeliveryRow[]>`${deliveryColumns(sql)}
    where d.endpoint_id = ${endpointId}
      ${page.state ? sql`and d.state = ${page.state}` : sql``}
      ${page.after ? sql`and (d.created_at, d.id) < (${page.after[0]}, ${page.after[1]})` : sql``}
    order by d.created_at desc, d.id desc limit ${page.limit + 1}`;
}
