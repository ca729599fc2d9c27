import { lambdaOf } from "#http/lambda.ts";
import { promoteApp } from "./promote.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(promoteApp, process.env);
