import { expect, test } from "bun:test";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import { clip, open, put } from "#tests/support/uploads.ts";
import { inIntake } from "./world/intake.ts";

test(
  "a storage that takes requests and never answers makes 503 within two seconds; the same promote passes later",
  () =>
    inIntake(async ({ deps, api, faultyApi, proxy }) => {
      const opened = await open(api, "editor");
      await put(opened.put?.url ?? "", clip(2000), opened.put?.headers ?? {});
      proxy.decide = () => ({ kind: "hang" });
      const promote = () => faultyApi.as("editor").post("/promote", { uploadId: opened.uploadId });
      const from = performance.now();
      const refused = await promote();
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(performance.now() - from).toBeLessThan(2_500);
      proxy.decide = () => ({ kind: "pass" });
      const accepted = await promote();
      expect(accepted.status).toBe(202);
      expect(await copyToMaster(deps, accepted.body.versionId)).toBe("mastered");
    }),
  60_000,
);

test(
  "a storage that is merely slow is waited for",
  () =>
    inIntake(async ({ deps, api, faultyApi, proxy }) => {
      const opened = await open(api, "editor");
      await put(opened.put?.url ?? "", clip(2000), opened.put?.headers ?? {});
      proxy.decide = (line) => (line.startsWith("HEAD / ") ? { kind: "pass" } : { kind: "slow", ms: 2_500 });
      const accepted = await faultyApi.as("editor").post("/promote", { uploadId: opened.uploadId });
      expect(accepted.status).toBe(202);
      expect(await copyToMaster(deps, accepted.body.versionId)).toBe("mastered");
    }),
  60_000,
);
