import type { Message } from "@aws-sdk/client-sqs";
import { z } from "zod";

/** What Lambda hands over for an SQS event source; fields that we do not read are left out. */
export const sqsEventSchema = z.object({
  Records: z.array(
    z.object({
      messageId: z.string(),
      receiptHandle: z.string(),
      body: z.string(),
      attributes: z.object({ ApproximateReceiveCount: z.string() }),
      messageAttributes: z
        .record(z.string(), z.object({ stringValue: z.string().optional(), dataType: z.string() }))
        .default({}),
    }),
  ),
});
export type SqsRecord = z.infer<typeof sqsEventSchema>["Records"][number];

/** The same message as the SDK would have received it. */
export function messageOf(record: SqsRecord): Message {
  return {
    MessageId: record.messageId,
    ReceiptHandle: record.receiptHandle,
    Body: record.body,
    Attributes: { ApproximateReceiveCount: record.attributes.ApproximateReceiveCount },
    MessageAttributes: Object.fromEntries(
      Object.entries(record.messageAttributes).map(([name, { stringValue, dataType }]) => [
        name,
        { DataType: dataType, ...(stringValue === undefined ? {} : { StringValue: stringValue }) },
      ]),
    ),
  };
}
