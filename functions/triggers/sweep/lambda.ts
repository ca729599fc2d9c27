import { clockLambda } from "../lambda.ts";
import { sweep } from "./sweep.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = clockLambda(sweep, process.env);
