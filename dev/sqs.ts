/**
 * The local SQS server, as one process: `bun dev/sqs.ts PORT`. It listens on loopback only, makes every queue of
 * the product, and answers GET /health once they are there. Messages live in memory: after a restart the
 * reconciler sends the hints again, as it would after any loss.
 */
import { buildApp } from "fauxqs";
import { createSqsQueues } from "#core/queue/sqs-client.ts";
import { sqsEnvironment } from "#dev/sqs-environment.ts";

const main = async (port: number): Promise<void> => {
  const app = buildApp({ logger: false, host: "127.0.0.1" });
  const leave = () => void app.close().then(() => process.exit(0));
  process.on("SIGTERM", leave);
  process.on("SIGINT", leave);
  const endpoint = await app.listen({ host: "127.0.0.1", port });
  const { SQS_QUEUE_PREFIX = "rushes-" } = process.env;
  await createSqsQueues({ ...sqsEnvironment(port), SQS_ENDPOINT: endpoint, SQS_QUEUE_PREFIX });
  console.log(`SQS at ${endpoint}`);
};

if (import.meta.main) {
  const port = Number(process.argv[2]);
  if (!Number.isInteger(port) || port < 0) {
    console.error("usage: bun dev/sqs.ts PORT");
    process.exit(2);
  }
  await main(port);
}
