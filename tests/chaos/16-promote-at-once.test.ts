import { expect, test } from "bun:test";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import { openAndPut } from "#tests/support/uploads.ts";
import { inIntake } from "./world/intake.ts";

test(
  "fifty promotes at once make one version and are told the same",
  () =>
    inIntake(async ({ deps, api }) => {
      const { uploadId } = await openAndPut(api, "editor");
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          api
            .as("editor")
            .post("/promote", { uploadId }, i % 2 ? { "idempotency-key": `k${uploadId}${i}` } : {}),
        ),
      );
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      expect(answers[0]?.status).toBe(202);
      const rows = await deps.sql`select id from versions where upload_id = ${uploadId}`;
      expect(rows).toHaveLength(1);
      const hints =
        await deps.sql`select 1 from outbox where topic = 'masters:copy' and key = ${rows[0]?.id}`;
      expect(hints).toHaveLength(1);
      expect(await copyToMaster(deps, rows[0]?.id)).toBe("mastered");
    }),
  60_000,
);
