import { lambdaOf } from "#http/lambda.ts";
import { previewApp } from "./preview.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(previewApp, process.env);
