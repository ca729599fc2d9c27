import { createHmac, randomBytes } from "node:crypto";

/** Standard Webhooks 1.0.0: `whsec_` and base64 of 24 to 64 bytes. */
const prefix = "whsec_";

export function newWebhookSecret(): string {
  return prefix + randomBytes(32).toString("base64");
}

/** `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`. `timestamp` counts seconds. */
export function signWebhook(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.slice(prefix.length), "base64");
  if (!secret.startsWith(prefix) || key.length < 24 || key.length > 64)
    throw new Error("a webhook secret is whsec_ and base64 of 24 to 64 bytes");
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

/** The three headers of one attempt. During a rotation both secrets sign, the current one first. */
export function signedHeaders(secrets: string[], id: string, at: Date, body: string): Record<string, string> {
  const timestamp = Math.floor(at.getTime() / 1_000);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": secrets.map((secret) => signWebhook(secret, id, timestamp, body)).join(" "),
  };
}
