import { lambdaOf } from "#http/lambda.ts";
import { assetsApp } from "./assets.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(assetsApp, process.env);
