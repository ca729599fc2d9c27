import { lambdaOf } from "#http/lambda.ts";
import { adminApp } from "./admin.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(adminApp, process.env);
