/** `make dev QUEUE=sqs` runs the whole product on SQS. */
export const usesSqs = (): boolean => process.env.QUEUE === "sqs";

/** What the product's processes need to use the local SQS server on this port. */
export const sqsEnvironment = (port: number) => ({
  QUEUE: "sqs",
  SQS_ENDPOINT: `http://127.0.0.1:${port}`,
  SQS_REGION: "us-east-1",
  SQS_ACCESS_KEY_ID: "local",
  SQS_SECRET_ACCESS_KEY: "local-only",
});
