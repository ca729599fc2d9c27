import { queueLambda } from "../lambda.ts";
import { purgeEdges } from "./purge-edges.ts";
import { purgeEdgesTrigger } from "./trigger.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = queueLambda(purgeEdgesTrigger, purgeEdges, process.env);
