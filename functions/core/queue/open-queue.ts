import type { Queue, QueueName, QueueOptions } from "./port.ts";
import { openRedisQueue, type RedisQueueConfig } from "./redis-streams.ts";
import { openSqsQueue, type SqsQueueConfig } from "./sqs.ts";

export interface QueueConfig extends RedisQueueConfig, SqsQueueConfig {
  QUEUE: "redis" | "sqs";
}

/** The adapter that `QUEUE` names. Whoever opens a queue closes it. */
export function openQueue(config: QueueConfig, name: QueueName, options: QueueOptions = {}): Queue {
  return config.QUEUE === "sqs" ? openSqsQueue(config, name, options) : openRedisQueue(config, name, options);
}
