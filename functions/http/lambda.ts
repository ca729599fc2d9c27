import { Hono } from "hono";
import { handle, streamHandle } from "hono/aws-lambda";
import { readConfig } from "#core/config.ts";
import { openResources, type Resources } from "#core/resources.ts";
import type { Env, RushesApp } from "./app.ts";

type Build = (deps: Resources) => RushesApp;
type Environment = Record<string, string | undefined>;

/** Clients open on the first request of a container, not while the module loads. */
function lazily(build: Build, env: Environment): Hono<Env> {
  let app: RushesApp | undefined;
  return new Hono<Env>().all("*", (c) => {
    app ??= build(openResources(readConfig(env, "api")));
    return app.fetch(c.req.raw, c.env);
  });
}

/** The cloud entry of a function. `env` is the environment of the process. */
export function lambdaOf(build: Build, env: Environment): ReturnType<typeof handle> {
  return handle(lazily(build, env));
}

/**
 * The cloud entry of a function whose answers go on for long: they are sent as they come. Needs the runtime's
 * response streaming; elsewhere the module still loads and answers whole.
 */
export function streamLambdaOf(build: Build, env: Environment): ReturnType<typeof handle> {
  const canStream = "awslambda" in globalThis;
  const app = lazily(build, env);
  return canStream ? (streamHandle(app) as unknown as ReturnType<typeof handle>) : handle(app);
}
