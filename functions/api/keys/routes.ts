import { apiKey, createdKey, createKeyInput } from "#core/keys/key.ts";
import { listOf, page } from "#core/shape.ts";
import type { ApiFunction } from "#functions/route.ts";

export const keysFunction: ApiFunction = {
  kind: "api",
  name: "keys",
  routes: [
    {
      method: "GET",
      path: "/keys",
      summary: "List one's own API keys",
      auth: "actor",
      query: page,
      answer: { status: 200, schema: listOf(apiKey) },
      refusals: ["invalid", "forbidden"],
    },
    {
      method: "POST",
      path: "/keys",
      summary: "Make an API key; its secret is shown this once",
      auth: "actor",
      body: createKeyInput,
      answer: { status: 201, schema: createdKey },
      idempotent: true,
      refusals: ["forbidden"],
    },
    {
      method: "GET",
      path: "/keys/:keyId",
      summary: "Read an API key",
      auth: "actor",
      answer: { status: 200, schema: apiKey },
      refusals: ["forbidden"],
    },
    {
      method: "DELETE",
      path: "/keys/:keyId",
      summary: "Revoke an API key",
      auth: "actor",
      answer: { status: 204 },
      ifMatch: true,
      refusals: ["forbidden"],
    },
  ],
  touches: { tables: { api_keys: "write", people: "read", audit_log: "write" }, redis: true },
};
