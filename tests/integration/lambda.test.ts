import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { LambdaContext, LambdaEvent } from "hono/aws-lambda";
import { healthApp } from "#api/health/health.ts";
import { projectsApp } from "#api/projects/projects.ts";
import type { Resources } from "#core/resources.ts";
import { lambdaOf } from "#http/lambda.ts";
import { seedKey, seedPeople } from "#tests/support/people.ts";
import { testResources } from "#tests/support/resources.ts";

let resources: Resources;
let env: Record<string, string | undefined>;
beforeAll(async () => {
  resources = await testResources();
  env = Object.fromEntries(
    Object.entries(resources.config).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.join(",") : String(value),
    ]),
  );
});
afterAll(() => resources.close());

/** As API Gateway (payload 2.0) and function URLs send it. */
const event = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
  ({
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: "",
    headers: { host: "api.test", ...headers },
    requestContext: {
      http: { method, path, sourceIp: "203.0.113.7", protocol: "HTTP/1.1", userAgent: "test" },
      requestId: "r",
      domainName: "api.test",
    },
    isBase64Encoded: false,
    ...(body === undefined ? {} : { body }),
  }) as unknown as LambdaEvent;
const context = {} as LambdaContext;

describe("the cloud entry of a function", () => {
  test("opens nothing before the first request, and says by name what is missing then", async () => {
    const handler = lambdaOf(projectsApp, { POSTGRES_URL: "postgres://secret@x/y" });
    const answer = await handler(event("GET", "/api/projects"), context).catch((error: unknown) => error);
    expect(JSON.stringify(answer)).not.toContain("secret");
  });

  test("answers as the self-hosted one does", async () => {
    const handler = lambdaOf(projectsApp, env);
    const { people } = await seedPeople(resources);
    const headers = {
      authorization: `Bearer ${await seedKey(resources, people.editor.id)}`,
      "content-type": "application/json",
    };
    const made = await handler(event("POST", "/api/projects", headers, '{"name":"From the cloud"}'), context);
    expect(made.statusCode).toBe(201);
    const listed = await handler(event("GET", "/api/projects", headers), context);
    expect(JSON.parse(listed.body).items[0].name).toBe("From the cloud");
    expect((await handler(event("GET", "/api/projects"), context)).statusCode).toBe(401);
    expect((await handler(event("GET", "/api/nothing"), context)).statusCode).toBe(404);
  });

  test("of the health function needs no credential", async () => {
    expect((await lambdaOf(healthApp, env)(event("GET", "/api/healthz"), context)).statusCode).toBe(200);
  });
});
