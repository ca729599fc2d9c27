import { clockLambda } from "../lambda.ts";
import { expireUploads } from "./expire-uploads.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = clockLambda(expireUploads, process.env);
