import { expect, test } from "bun:test";
import { shortClip } from "#tests/fixtures/clips.ts";
import { addMaster } from "#tests/support/previews.ts";
import { openAndPut } from "#tests/support/uploads.ts";
import { sweep } from "#triggers/sweep/sweep.ts";
import type { TriggerDeps } from "#triggers/trigger.ts";
import { inBuilds } from "./world/builds.ts";
import { inIntake } from "./world/intake.ts";

test.each([
  ["SHA-256", { clientSha256: "0".repeat(64) }],
  ["XXH128", { clientXxh128: "0".repeat(32) }],
])(
  "a master that is not what was sent, by its %s, is quarantined, told, and never shown",
  (name, said) =>
    inBuilds(async ({ room, start, inState, job }) => {
      await start();
      const { versionId, jobId } = await addMaster(room, await shortClip(2, 90), said);
      expect(await inState(versionId, "failed")).toMatchObject({
        reason_code: "master-mismatch",
        reason: expect.stringContaining(`The master's ${name} is`),
      });
      const told = await room.resources
        .sql`select body ->> 'type' as type from outbox where topic = 'event' order by id`;
      expect(told.map(({ type }) => type)).toEqual(["master.mismatch", "version.failed"]);
      expect((await job(jobId))?.state).toBe("failed");
    }),
  120_000,
);

test(
  "a hash that contradicts the manifest is refused at promote, and makes no version",
  () =>
    inIntake(async ({ deps, api }) => {
      const { uploadId } = await openAndPut(api, "editor", { manifest: { sha256: "ab".repeat(32) } });
      const refused = await api.as("editor").post("/promote", { uploadId, sha256: "cd".repeat(32) });
      expect([refused.status, refused.body.type]).toEqual([422, expect.stringContaining("hash-mismatch")]);
      expect(await deps.sql`select 1 from versions`).toHaveLength(0);
      expect((await api.as("editor").del(`/presign/${uploadId}`, "*")).status).toBe(204);
      await deps.sql`update uploads set updated_at = now() - interval '1 hour'`;
      await sweep(deps as TriggerDeps)(new AbortController().signal);
    }),
  60_000,
);
