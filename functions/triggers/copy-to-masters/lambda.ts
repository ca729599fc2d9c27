import { queueLambda } from "../lambda.ts";
import { copyToMasters } from "./copy-to-masters.ts";
import { copyToMastersTrigger } from "./trigger.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = queueLambda(copyToMastersTrigger, copyToMasters, process.env);
