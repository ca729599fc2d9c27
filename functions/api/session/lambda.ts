import { lambdaOf } from "#http/lambda.ts";
import { sessionApp } from "./session.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(sessionApp, process.env);
