import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLog } from "#core/telemetry/log.ts";
import { openDevice } from "#gpu/device.ts";
import { openPreviewRoom } from "#tests/support/previews.ts";
import type { BenchGroup, Figure } from "./figure.ts";
import { minute, repeated } from "./preview/clips.ts";
import { bareCpu, naiveCpu, similarity } from "./preview/commands.ts";
import { firstSegment, peaksCpu, topRung, workerRun } from "./preview/runs.ts";

/** The stated figures are for 60; fewer give a quick look. */
const seconds = Number(process.env.BENCH_PREVIEW_SECONDS ?? 60);
/** `BENCH_PREVIEW_LONG=no` leaves out the ten-minute and the hour-long source. */
const wantsLong = process.env.BENCH_PREVIEW_LONG !== "no";

/** The worker against the bare command it runs, and against what most builders do, on the same clip in one run. */
export const group: BenchGroup = {
  needs: "servers",
  async measure(say) {
    const clip = await minute(seconds);
    const room = await openPreviewRoom();
    const folder = await mkdtemp(join(tmpdir(), "rushes-bench-"));
    const lower = (id: string, value: number, unit: string, target: number): Figure => ({
      id,
      value,
      unit,
      target,
      better: "lower",
    });
    try {
      const worker = await workerRun(room, [clip]);
      say(`worker: ${worker.cpuSeconds.toFixed(1)} CPU s, ${worker.rssMb.toFixed(0)} MB`);
      const bare = await bareCpu(clip);
      say(`bare command: ${bare.toFixed(1)} CPU s`);
      const naive = await naiveCpu(clip);
      say(`one run per rung, thumbnails, waveform: ${naive.toFixed(1)} CPU s`);
      await topRung(room, worker.prefix, join(folder, "top.mp4"));
      const beside = await workerRun(room, [await minute(20), await minute(21)]);
      say(`two builds at once: ${beside.rssMb.toFixed(0)} MB`);
      const ssim = await similarity(clip, join(folder, "top.mp4"));
      const figures: Figure[] = [
        lower("preview.cpu_vs_naive", worker.cpuSeconds / naive, "of naive", 0.7),
        lower("preview.cpu_vs_bare", worker.cpuSeconds / bare, "of bare", 1.08),
        lower("preview.rss_mb", worker.rssMb, "MB", 650),
        lower("preview.rss_with_guest_mb", beside.rssMb, "MB", 1100),
        lower("peaks.cpu_s_per_10min", peaksCpu(), "s", 1),
        { id: "preview.ssim_1080", value: ssim, unit: "", target: 0.86, better: "higher" },
      ];
      const lengths: [string, () => Promise<string>][] = [
        ["1m", () => minute(60)],
        ...(wantsLong
          ? ([
              ["10m", () => repeated(10)],
              ["60m", () => repeated(60)],
            ] as [string, () => Promise<string>][])
          : []),
      ];
      for (const [name, make] of lengths) {
        const first = await firstSegment(room, await make());
        say(`first playable segment of ${name}: ${first.toFixed(2)} s after the claim`);
        figures.push(lower(`preview.first_segment_s_${name}`, first, "s", 3));
      }
      const gpu = await openDevice(process.env.GPU_DEVICE ?? "auto", openLog("bench", "silent"));
      if (gpu.offers().encode) {
        const tenMinutes = await workerRun(room, [await repeated(10)], {
          GPU_DEVICE: process.env.GPU_DEVICE ?? "auto",
        });
        figures.push(lower("gpu.10min_1080p_s", tenMinutes.seconds, "s", 90));
      } else say(`gpu.10min_1080p_s not measured: ${gpu.describe()}`);
      return figures;
    } finally {
      await rm(folder, { recursive: true, force: true });
      await room.close();
    }
  },
};
