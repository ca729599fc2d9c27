import { coldSeek, stampedeFetches } from "./edge/cold.ts";
import { hitFigures } from "./edge/hits.ts";
import { memoryGrowthMb } from "./edge/memory.ts";
import { purgeMs } from "./edge/purge.ts";
import type { BenchGroup, Figure } from "./figure.ts";

/** The long soak of ten minutes is asked for with BENCH_SOAK_SECONDS=600. */
const soakSeconds = Number(process.env.BENCH_SOAK_SECONDS ?? 60);
const rounds = { rounds: 9, seconds: 1 };

/** The signed edge against an unsigned cached location of the same nginx, and what it does with cold objects. */
export const group: BenchGroup = {
  needs: "servers",
  async measure(say) {
    const large = await hitFigures(500_000, rounds);
    say(
      `500 KB: ${large.signedMicros.toFixed(1)} µs signed, ${large.plainMicros.toFixed(1)} µs unsigned, by throughput ${large.throughputRatio.toFixed(3)}`,
    );
    const small = await hitFigures(2_048, rounds);
    say(
      `2 KB: ${small.signedMicros.toFixed(1)} µs signed, ${small.plainMicros.toFixed(1)} µs unsigned, by throughput ${small.throughputRatio.toFixed(3)}`,
    );
    const purge = await purgeMs(100_000, say);
    const stampede = await stampedeFetches();
    const seek = await coldSeek();
    const growth = await memoryGrowthMb(soakSeconds, say);
    const higher = (id: string, value: number, target: number): Figure => ({
      id: `edge.${id}`,
      value,
      unit: "of plain",
      target,
      better: "higher",
    });
    const lower = (id: string, value: number, unit: string, target: number): Figure => ({
      id: `edge.${id}`,
      value,
      unit,
      target,
      better: "lower",
    });
    return [
      higher("hit_500k_ratio", large.ratio, 0.97),
      higher("hit_2k_ratio", small.ratio, 0.8),
      lower("purge_ms", purge, "ms", 5),
      lower("stampede_fetches", stampede, "fetches", 1),
      lower("cold_seek_mb", seek.megabytes, "MB", 2),
      lower("cold_seek_s", seek.seconds, "s", 0.5),
      lower("rss_growth_mb", growth, "MB", 4),
    ];
  },
};
