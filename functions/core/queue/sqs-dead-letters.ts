import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { DeadLetter } from "./port.ts";
import { BATCH } from "./sqs-client.ts";
import { attributes, deadLetter, read } from "./sqs-message.ts";

/** How long dead letters are hidden from others while they are listed or moved. */
const LEASE_SECONDS = 30;

/** A queue and its dead letters, by their URLs. */
export interface SqsDeadLetters {
  client: SQSClient;
  live(): Promise<string>;
  dead(): Promise<string>;
}

export async function listDead(queue: SqsDeadLetters, limit: number): Promise<DeadLetter[]> {
  const messages = await lease(queue, limit);
  await release(queue, messages);
  return messages.map(deadLetter).sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** Send, then delete: a crash between the two repeats a message, it never loses one. */
export async function redriveDead(queue: SqsDeadLetters, deadIds?: string[]): Promise<number> {
  const { client } = queue;
  const wanted = deadIds && new Set(deadIds);
  const messages = await lease(queue, Number.POSITIVE_INFINITY);
  const chosen = messages.filter(({ MessageId = "" }) => !wanted || wanted.has(MessageId));
  for (const message of chosen) {
    await client.send(
      new SendMessageCommand({
        QueueUrl: await queue.live(),
        MessageBody: message.Body ?? "",
        MessageAttributes: attributes({ key: read(message).key, used: 0 }),
      }),
    );
    await client.send(
      new DeleteMessageCommand({
        QueueUrl: await queue.dead(),
        ReceiptHandle: message.ReceiptHandle ?? "",
      }),
    );
  }
  await release(
    queue,
    messages.filter((message) => !chosen.includes(message)),
  );
  return chosen.length;
}

/** Leases dead letters page by page until `limit` were seen or none is left; the caller releases or moves each. */
async function lease({ client, dead }: SqsDeadLetters, limit: number): Promise<Message[]> {
  const seen = new Map<string, Message>();
  while (seen.size < limit) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: await dead(),
        MaxNumberOfMessages: Math.min(BATCH, limit - seen.size),
        WaitTimeSeconds: 1,
        VisibilityTimeout: LEASE_SECONDS,
        MessageSystemAttributeNames: ["ApproximateReceiveCount", "SentTimestamp"],
        MessageAttributeNames: ["All"],
      }),
    );
    if (Messages.length === 0) break;
    for (const message of Messages) seen.set(message.MessageId ?? "", message);
  }
  return [...seen.values()];
}

async function release({ client, dead }: SqsDeadLetters, messages: Message[]): Promise<void> {
  const QueueUrl = await dead();
  await Promise.all(
    messages.map(({ ReceiptHandle = "" }) =>
      client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 })),
    ),
  );
}
