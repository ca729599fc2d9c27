import { expect, test } from "bun:test";
import { clip, open, openAndPut, putParts } from "#tests/support/uploads.ts";
import { expireUploads } from "#triggers/expire-uploads/expire-uploads.ts";
import type { TriggerDeps } from "#triggers/trigger.ts";
import { inIntake } from "./world/intake.ts";

test(
  "an upload that never finishes expires: its parts are freed and its bytes given back",
  () =>
    inIntake(async ({ deps, api }) => {
      const { sql } = deps;
      const body = clip(40 * 1024 * 1024);
      const parts = await open(api, "editor", { bytes: body.length });
      await putParts(api, "editor", parts, body, [1]);
      const single = await openAndPut(api, "editor");
      const [held] = await sql<{ n: number }[]>`select sum(reserved_bytes)::bigint as n from project_storage`;
      expect(held?.n).toBe(body.length + 2000);
      await sql`update uploads set expires_at = now() - interval '1 minute'`;
      const late = await api.as("editor").post("/promote", { uploadId: single.uploadId });
      expect(late.status).toBe(410);
      await expireUploads(deps as TriggerDeps)(new AbortController().signal);
      const states = await sql<{ state: string }[]>`select distinct state from uploads`;
      expect(states.map(({ state }) => state)).toEqual(["expired"]);
    }),
  60_000,
);
