import { z } from "zod";
import type { Route } from "#functions/route.ts";
import type { World } from "./world.ts";

export interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  minimum?: number;
  minItems?: number;
  maxLength?: number;
  default?: unknown;
  additionalProperties?: Schema | boolean;
}

export const inputSchema = (schema: z.ZodType): Schema =>
  z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Schema;

/** What a parameter or field of this name names, in a route that begins with `noun`. */
export function idNamed(world: World, name: string, noun = ""): string | undefined {
  const single = name.replace(/s$/, "");
  if (single in world) return world[single as keyof World];
  const nouns: Record<string, keyof World> = {
    assets: "assetId",
    versions: "versionId",
    comments: "commentId",
    shares: "shareId",
    "review-requests": "reviewRequestId",
    attachments: "attachmentId",
  };
  const others: Record<string, keyof World> = {
    fromVersionId: "versionId",
    toVersionId: "otherVersionId",
    left: "versionId",
    right: "otherVersionId",
    token: "shareToken",
  };
  const key = others[name] ?? (/^ids?$/.test(name) ? nouns[noun] : undefined);
  return key && world[key];
}

/** A value the schema accepts, with the ids of `world` where a name asks for one. Optional fields are left out. */
export function example(schema: Schema, world: World, name = ""): unknown {
  const id = idNamed(world, name);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const choice = schema.anyOf ?? schema.oneOf;
  if (choice) return example(choice[0] ?? {}, world, name);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object")
    return Object.fromEntries(
      Object.entries(schema.properties ?? {})
        .filter(([key]) => schema.required?.includes(key) || key === "projectId" || key === "versionIds")
        .map(([key, inner]) => [key, example(inner, world, key)]),
    );
  if (type === "array") return [example(schema.items ?? schema.prefixItems?.[0] ?? {}, world, name)];
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return Math.max(1, schema.minimum ?? 1);
  if (type !== "string") return {};
  if (id) return id;
  if (schema.format === "date-time") return new Date(Date.now() + 400 * 86_400_000).toISOString();
  if (schema.format === "email") return "someone@example.test";
  if (schema.format === "uri") return "https://hooks.example.test/";
  if (name === "contentType") return "video/mp4";
  if (name === "emoji") return "👍";
  return "text";
}

/** The path of a route with the ids of `world`, and the query it needs. */
export function addressOf(route: Route, world: World): string {
  const noun = route.path.split("/")[1] ?? "";
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => idNamed(world, name, noun) ?? "missing");
  if (!route.query) return path;
  const query = example(inputSchema(route.query), world) as Record<string, unknown>;
  const pairs = Object.entries(query).map(([key, value]) => [key, String(value)]);
  return pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
}
