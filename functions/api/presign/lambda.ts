import { lambdaOf } from "#http/lambda.ts";
import { presignApp } from "./presign.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = lambdaOf(presignApp, process.env);
