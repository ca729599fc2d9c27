import { lambdaOf } from "#http/lambda.ts";
import { webhooksApp } from "./webhooks.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(webhooksApp, process.env);
