import type { Message, MessageAttributeValue } from "@aws-sdk/client-sqs";
import { decodeHint } from "./hint.ts";
import { type DeadLetter, MAX_DELAY_MS } from "./port.ts";

/** Rounded up: SQS counts seconds, and early is worse than late. */
export function delaySeconds(delayMs: number): number {
  return Math.ceil(Math.min(delayMs, MAX_DELAY_MS) / 1_000);
}

export function attributes(of: Record<string, string | number>): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(of)
      .filter(([, value]) => value !== "")
      .map(([name, value]) => [
        name,
        { DataType: typeof value === "number" ? "Number" : "String", StringValue: String(value) },
      ]),
  );
}

export function read(message: Message) {
  const text = (name: string) => message.MessageAttributes?.[name]?.StringValue;
  return { key: text("key") ?? "", used: Number(text("used")) || 0, reason: text("reason"), at: text("at") };
}

/** What came by SQS' own redrive carries no reason of ours. */
export function deadLetter(message: Message): DeadLetter {
  const { key, used, reason, at } = read(message);
  const decoded = decodeHint(message.Body ?? "");
  return {
    deadId: message.MessageId ?? "",
    key,
    rawBody: message.Body ?? "",
    hint: decoded.kind === "hint" ? decoded.hint : null,
    attempts: used,
    reason: reason ?? "moved by the redrive policy of the queue: no worker settled it",
    at: new Date(Number(at ?? message.Attributes?.SentTimestamp ?? 0)),
  };
}
