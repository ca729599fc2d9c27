import { clockLambda } from "../lambda.ts";
import { reconcileStale } from "./reconcile.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = clockLambda(reconcileStale, process.env);
