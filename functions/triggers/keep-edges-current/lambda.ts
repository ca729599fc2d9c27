import { clockLambda } from "../lambda.ts";
import { keepEdgesCurrent } from "./keep-edges-current.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = clockLambda(keepEdgesCurrent, process.env);
