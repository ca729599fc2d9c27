import { lambdaOf } from "#http/lambda.ts";
import { sharesApp } from "./shares.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(sharesApp, process.env);
