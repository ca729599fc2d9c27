import { streamLambdaOf } from "#http/lambda.ts";
import { eventsApp } from "./events.ts";

// biome-ignore lint/style/noProcessEnv: the entry of a process
export const handler = streamLambdaOf(eventsApp, process.env);
