import { lambdaOf } from "#http/lambda.ts";
import { keysApp } from "./keys.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(keysApp, process.env);
