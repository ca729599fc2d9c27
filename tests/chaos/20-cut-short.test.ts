import { expect, test } from "bun:test";
import { adminStorage } from "#tests/support/admin-storage.ts";
import { clip, open } from "#tests/support/uploads.ts";
import { sweep } from "#triggers/sweep/sweep.ts";
import type { TriggerDeps } from "#triggers/trigger.ts";
import { inIntake } from "./world/intake.ts";

test(
  "an upload that arrived cut short makes no version, and can still be cancelled",
  () =>
    inIntake(async ({ deps, api }) => {
      const { uploadId } = await open(api, "editor");
      const place = { bucket: deps.promoter.buckets.staging, key: `uploads/${uploadId}` };
      await adminStorage.put(place, clip(1000));
      const short = await api.as("editor").post("/promote", { uploadId });
      expect(short.status).toBe(409);
      expect(short.body.detail).toContain("1000 of 2000 bytes");
      expect(await deps.sql`select 1 from versions`).toHaveLength(0);
      expect((await api.as("editor").del(`/presign/${uploadId}`, "*")).status).toBe(204);
      await deps.sql`update uploads set updated_at = now() - interval '1 hour'`;
      await sweep(deps as TriggerDeps)(new AbortController().signal);
    }),
  60_000,
);
