import { queueLambda } from "../lambda.ts";
import { deliverWebhooks } from "./deliver-webhooks.ts";
import { deliverWebhooksTrigger } from "./trigger.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = queueLambda(deliverWebhooksTrigger, deliverWebhooks, process.env);
