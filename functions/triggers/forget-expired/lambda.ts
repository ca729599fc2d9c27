import { clockLambda } from "../lambda.ts";
import { forgetExpired } from "./forget-expired.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = clockLambda(forgetExpired, process.env);
