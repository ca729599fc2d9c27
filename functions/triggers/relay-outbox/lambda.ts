import { clockLambda } from "../lambda.ts";
import { relayOutbox } from "./relay-outbox.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = clockLambda(relayOutbox, process.env);
