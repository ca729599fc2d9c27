import { handle } from "hono/aws-lambda";
import { readConfig } from "#core/config.ts";
import { openResources, type Resources } from "#core/resources.ts";
import type { RushesApp } from "./app.ts";

type Handler = ReturnType<typeof handle>;

/**
 * The cloud entry of a function: clients open on the first request of a container, not while the module loads.
 * `env` is the environment of the process.
 */
export function lambdaOf(
  build: (deps: Resources) => RushesApp,
  env: Record<string, string | undefined>,
): Handler {
  let handler: Handler | undefined;
  return (event, context) => {
    handler ??= handle(build(openResources(readConfig(env, "api"))));
    return handler(event, context);
  };
}
