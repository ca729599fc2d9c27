import { z } from "zod";
import type { ApiFunction, Route } from "#functions/route.ts";
import { problems } from "./problem.ts";
import { shapes } from "./shapes.ts";

type Schema = Record<string, unknown>;

/** The OpenAPI 3.1 document of the given functions. */
export function openApi(functions: readonly ApiFunction[], server: string) {
  const paths: Record<string, Record<string, Schema>> = {};
  const named: Record<string, Schema> = {};
  for (const fn of functions)
    for (const route of fn.routes) {
      const path = route.path.replace(/:(\w+)/g, "{$1}");
      paths[path] ??= {};
      paths[path][route.method.toLowerCase()] = operationOf(fn.name, route, named);
    }
  return {
    openapi: "3.1.0",
    info: {
      title: "Rushes",
      version: "1.0.0",
      description: "Upload, lock, preview, review. Errors are application/problem+json (RFC 9457).",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: server }],
    tags: functions.map(({ name }) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        session: { type: "apiKey", in: "cookie", name: "__Host-rushes_session" },
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "An API key (rk_…), a JWT of the configured issuer, or a share token (rs_…, rg_…).",
        },
      },
      schemas: { ...Object.fromEntries(Object.entries(named).sort()), Problem: problemSchema },
      responses: {
        Problem: {
          description: "Why not",
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
    },
  };
}

const problemSchema: Schema = {
  type: "object",
  required: ["type", "title", "status", "instance"],
  properties: {
    type: { type: "string", format: "uri" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    instance: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["pointer", "detail"],
        properties: { pointer: { type: "string" }, detail: { type: "string" } },
      },
    },
  },
};

function operationOf(tag: string, route: Route, named: Record<string, Schema>): Schema {
  const parameters: Schema[] = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  if (route.query) {
    const { properties = {}, required = [] } = jsonSchema(route.query, "input") as {
      properties?: Record<string, Schema>;
      required?: string[];
    };
    for (const [name, schema] of Object.entries(properties))
      parameters.push({ name, in: "query", required: required.includes(name), schema });
  }
  if (route.idempotent)
    parameters.push({ name: "Idempotency-Key", in: "header", schema: { type: "string", maxLength: 255 } });
  if (route.ifMatch)
    parameters.push({ name: "If-Match", in: "header", required: true, schema: { type: "string" } });
  const { status, schema, type = "application/json" } = route.answer ?? { status: 200 as const };
  const statuses = new Set((route.refusals ?? []).map((code) => problems[code].status));
  if (route.body) statuses.add(400);
  if (route.auth !== "none") statuses.add(401);
  if (parameters.some((parameter) => parameter.in === "path")) statuses.add(404);
  if (route.ifMatch) for (const code of [412, 428]) statuses.add(code);
  if (route.idempotent) for (const code of [409, 422]) statuses.add(code);
  const responses: Record<string, Schema> = {
    [status]: {
      description: route.summary,
      ...(schema || route.answer?.type
        ? { content: { [type]: { schema: schema ? jsonSchema(schema, "output", named) : {} } } }
        : {}),
    },
  };
  for (const code of [...statuses].sort()) responses[code] = { $ref: "#/components/responses/Problem" };
  responses.default = { $ref: "#/components/responses/Problem" };
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replace(/[/:]+(\w)/g, (_, first: string) => first.toUpperCase()).replace(/\W/g, "")}`,
    tags: [tag],
    summary: route.summary,
    ...(parameters.length ? { parameters } : {}),
    ...(route.body
      ? {
          requestBody: {
            required: true,
            content: { "application/json": { schema: jsonSchema(route.body, "input") } },
          },
        }
      : {}),
    responses,
    security: route.auth === "none" ? [] : [{ session: [] }, { bearer: [] }],
  };
}

/**
 * The JSON Schema of a shape. Named ones become references; of the answers they are collected into `named`.
 * The only other recursion among our shapes is arbitrary JSON: the empty schema says the same.
 */
function jsonSchema(schema: z.ZodType, io: "input" | "output", named?: Record<string, Schema>): Schema {
  const {
    $schema: _schema,
    $defs = {},
    ...rest
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    target: "draft-2020-12",
    ...(named ? { metadata: shapes } : {}),
  }) as Schema & { $defs?: Record<string, Schema> };
  for (const [name, shape] of Object.entries($defs))
    if (named && isNamed(name)) named[name] = referring(shape);
  return referring(rest);
}

const isNamed = (name: string) => !name.startsWith("__");

function referring(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema), (_key, value) => {
    // The format says it; zod's expression for leap years would be half of the document.
    if (value?.format === "date-time" && "pattern" in value) return { ...value, pattern: undefined };
    const name = typeof value?.$ref === "string" && /^#\/\$defs\/(.+)$/.exec(value.$ref)?.[1];
    if (!name) return value;
    return isNamed(name) ? { $ref: `#/components/schemas/${name}` } : {};
  }) as Schema;
}
