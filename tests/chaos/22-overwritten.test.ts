import { expect, test } from "bun:test";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import { adminStorage } from "#tests/support/admin-storage.ts";
import { clip } from "#tests/support/uploads.ts";
import { inIntake } from "./world/intake.ts";

test(
  "an object overwritten between check and copy is refused, and its version ends with the reason",
  () =>
    inIntake(async ({ deps, api, promoted }) => {
      const { versionId, uploadId, staged, body } = await promoted();
      await adminStorage.put({ bucket: deps.promoter.buckets.staging, key: staged }, clip(body.length));
      expect(await copyToMaster(deps, versionId)).toBe("refused");
      const upload = await api.as("editor").get(`/presign/${uploadId}`);
      expect(upload.body.state).toBe("refused");
      expect(upload.body.reason).toContain("replaced");
      const [version] = await deps.sql`select state, reason from versions where id = ${versionId}`;
      expect(version).toEqual({ state: "failed", reason: upload.body.reason });
    }),
  60_000,
);

test(
  "an object overwritten while it is copied never becomes a master",
  () =>
    inIntake(async ({ deps, faulty, proxy, promoted }) => {
      const { versionId, staged, body } = await promoted();
      let swapped: Promise<void> | undefined;
      proxy.decide = (line) => {
        if (!/^PUT \/\S*masters\//.test(line)) return { kind: "pass" };
        swapped ??= adminStorage.put(
          { bucket: deps.promoter.buckets.staging, key: staged },
          clip(body.length),
        );
        return { kind: "slow", ms: 300 };
      };
      expect(await copyToMaster(faulty, versionId)).toBe("refused");
      await swapped;
      const [version] = await deps.sql`select state from versions where id = ${versionId}`;
      expect(version?.state).toBe("failed");
    }),
  60_000,
);
