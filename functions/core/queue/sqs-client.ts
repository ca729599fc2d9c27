import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { type QueueName, queueDefaults, queueNames } from "./port.ts";

export interface SqsQueueConfig {
  SQS_ENDPOINT?: string | undefined;
  SQS_REGION: string;
  SQS_ACCESS_KEY_ID?: string | undefined;
  SQS_SECRET_ACCESS_KEY?: string | undefined;
  SQS_QUEUE_PREFIX: string;
}

/** The longest poll. A poll that is given up must run out before its process may leave, or a message goes to nobody. */
export const POLL_SECONDS = 5;

/** As many messages as one call of SQS takes or brings. */
export const BATCH = 10;

/** Beyond the application's own limit, so that it only catches what the application never gets to bury. */
export const NATIVE_REDRIVE_MARGIN = 5;

/** SQS allows letters, digits, `-` and `_`. */
export function sqsName(config: SqsQueueConfig, name: QueueName, dead = false): string {
  return `${config.SQS_QUEUE_PREFIX}${name.replace(":", "-")}${dead ? "-dead" : ""}`;
}

/** Without keys in the configuration the cloud's own role is used. */
export function openSqs(config: SqsQueueConfig): SQSClient {
  const { SQS_ENDPOINT: endpoint, SQS_ACCESS_KEY_ID: id, SQS_SECRET_ACCESS_KEY: secret } = config;
  return new SQSClient({
    region: config.SQS_REGION,
    ...(endpoint ? { endpoint, useQueueUrlAsEndpoint: false } : {}),
    ...(id && secret ? { credentials: { accessKeyId: id, secretAccessKey: secret } } : {}),
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: 2_000,
      requestTimeout: (POLL_SECONDS + 2) * 1_000,
      throwOnRequestTimeout: true,
    },
  });
}

export async function queueUrl(client: SQSClient, name: string): Promise<string> {
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  if (!QueueUrl) throw new Error(`the queue ${name} has no URL`);
  return QueueUrl;
}

/** Makes every queue and its dead letters where no stack did: the local SQS server and tests. Repeatable. */
export async function createSqsQueues(config: SqsQueueConfig): Promise<void> {
  const client = openSqs(config);
  try {
    for (const name of queueNames) {
      const { leaseMs, maxAttempts } = queueDefaults[name];
      const made = await client.send(
        new CreateQueueCommand({
          QueueName: sqsName(config, name, true),
          Attributes: { MessageRetentionPeriod: "1209600" },
        }),
      );
      const { Attributes } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl: made.QueueUrl, AttributeNames: ["QueueArn"] }),
      );
      await client.send(
        new CreateQueueCommand({
          QueueName: sqsName(config, name),
          Attributes: {
            VisibilityTimeout: String(Math.ceil(leaseMs / 1_000)),
            MessageRetentionPeriod: "1209600",
            RedrivePolicy: JSON.stringify({
              deadLetterTargetArn: Attributes?.QueueArn,
              maxReceiveCount: maxAttempts + NATIVE_REDRIVE_MARGIN,
            }),
          },
        }),
      );
    }
  } finally {
    client.destroy();
  }
}
