import { lambdaOf } from "#http/lambda.ts";
import { auditApp } from "./audit.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(auditApp, process.env);
