import { lambdaOf } from "#http/lambda.ts";
import { healthApp } from "./health.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(healthApp, process.env);
