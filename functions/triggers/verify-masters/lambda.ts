import { clockLambda } from "../lambda.ts";
import { verifyMasters } from "./verify-masters.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = clockLambda(verifyMasters, process.env);
