import { expect, test } from "bun:test";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import { eventually } from "#tests/support/eventually.ts";
import { inIntake } from "./world/intake.ts";

const MIB = 1024 * 1024;
const limits = { singleMaxBytes: 1 * MIB, partBytes: 5 * MIB, parallel: 2 };

test(
  "errors, refusals to talk and dropped connections of the storage delay a copy and change nothing",
  () =>
    inIntake(async ({ api, faulty, proxy, promoted }) => {
      const { versionId, uploadId } = await promoted({ bytes: 33 * MIB });
      let asked = 0;
      const kinds = ["status", "reset", "lose-answer", "slow"] as const;
      proxy.decide = () => {
        asked += 1;
        const kind = kinds[asked % 8];
        if (kind === "status") return { kind, status: asked % 3 ? 503 : 500 };
        if (kind === "slow") return { kind, ms: 50 };
        return kind ? { kind } : { kind: "pass" };
      };
      await eventually(
        async () => {
          const outcome = await copyToMaster(faulty, versionId, { limits }).catch(
            (error: Error) => error.name,
          );
          expect(outcome).toMatch(/mastered|over/);
        },
        { withinMs: 40_000 },
      );
      const upload = await api.as("editor").get(`/presign/${uploadId}`);
      expect(upload.body).toMatchObject({ state: "promoted", waiting: null });
    }),
  120_000,
);

test(
  "a storage that is down for long makes the upload wait and say so",
  () =>
    inIntake(async ({ api, faulty, proxy, promoted }) => {
      const { versionId, uploadId } = await promoted();
      proxy.decide = () => ({ kind: "status", status: 503 });
      for (let i = 0; i < 2; i++) await expect(copyToMaster(faulty, versionId, { limits })).rejects.toThrow();
      const waiting = await api.as("editor").get(`/presign/${uploadId}`);
      expect(waiting.body.state).toBe("promoting");
      expect(waiting.body.waiting).toContain("goes on by itself");
      proxy.decide = () => ({ kind: "pass" });
      expect(await copyToMaster(faulty, versionId, { limits })).toBe("mastered");
    }),
  120_000,
);
