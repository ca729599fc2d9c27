import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Access } from "#dev/access.ts";
import { openApi, personToken, uploadFile, waitForState } from "#dev/api-client.ts";
import { demoClip, makeClip } from "#dev/clip.ts";
import type { BenchGroup } from "./figure.ts";

const RUNS = 3;

/** A 10-second 1080p clip, from the end of the upload until the first segment can be fetched through the edge. */
export const group: BenchGroup = {
  needs: "product",
  async measure(say) {
    const access = JSON.parse(readFileSync(process.env.RUSHES_ACCESS ?? "", "utf8")) as Access;
    const mara = access.people.find(({ id }) => id === "mara")!;
    const scripts = { id: access.oidc.scriptsClientId, secret: access.oidc.scriptsClientSecret };
    const environment = { OIDC_ISSUER: access.oidc.issuer, OIDC_AUDIENCE: access.oidc.audience };
    const api = openApi(access.urls.api, await personToken(environment, scripts, mara));
    const project = await api.post<{ id: string }>("/projects", { name: "Bench" });
    const folder = mkdtempSync(join(tmpdir(), "rushes-bench-"));
    const seconds: number[] = [];
    try {
      for (let run = 0; run < RUNS; run++) {
        // Another first timecode makes another file: the same bytes would be recognised and not built again.
        const file = join(folder, `clip-${run}.mp4`);
        const firstTimecode = `0${run + 2}:00:00:00`;
        await makeClip({ ...demoClip, seconds: 10, firstTimecode }, file, join(folder, "ffmpeg.log"));
        const input = { projectId: project.id, name: `bench ${run}.mp4`, contentType: "video/mp4", file };
        const { versionId, uploadedAt } = await uploadFile(api, input);
        await waitForState(api, versionId, ["playable", "ready"], 120_000);
        await fetchFirstSegment(api, versionId);
        const took = (performance.now() - uploadedAt) / 1000;
        say(`run ${run + 1}: first segment after ${took.toFixed(2)} s`);
        seconds.push(took);
        await waitForState(api, versionId, ["ready"], 120_000);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const median = seconds.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN;
    return [{ id: "clip.first_playable_s", value: median, unit: "s", target: 5, better: "lower" }];
  },
};

const text = async (url: string | URL): Promise<string> => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${new URL(url).pathname.split("/").at(-1)} answered ${response.status}`);
  return response.text();
};

const firstLine = (playlist: string): string => {
  const line = playlist.split("\n").find((one) => one !== "" && !one.startsWith("#"));
  if (!line) throw new Error("the playlist names nothing");
  return line;
};

const fetchFirstSegment = async (api: ReturnType<typeof openApi>, versionId: string): Promise<void> => {
  const preview = await api.get<{ playback: { master: string } }>(`/preview/${versionId}`);
  const master = new URL(preview.playback.master);
  const rung = new URL(firstLine(await text(master)), master);
  const segment = new URL(firstLine(await text(rung)), rung);
  const response = await fetch(segment);
  if (!response.ok || (await response.arrayBuffer()).byteLength === 0)
    throw new Error(`the first segment answered ${response.status}`);
};
