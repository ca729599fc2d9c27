import { lambdaOf } from "#http/lambda.ts";
import { custodyApp } from "./custody.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(custodyApp, process.env);
