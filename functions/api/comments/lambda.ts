import { lambdaOf } from "#http/lambda.ts";
import { commentsApp } from "./comments.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(commentsApp, process.env);
