import { type ApiConfig, ConfigError, readConfig } from "#core/config.ts";
import { checks } from "#core/doctor/checks.ts";
import { cleanOrphan } from "#core/doctor/clean.ts";
import { findOrphans } from "#core/doctor/examine.ts";
import { openResources } from "#core/resources.ts";
import { bytesText, type Report } from "./report.ts";

const signs = { ok: "✓", warning: "!", fault: "✗" } as const;

/**
 * Looks after a deployment with the server's own environment: what it stands on, whether its counts add up, and what
 * lies in the buckets that nothing refers to. Removes orphans only when asked to; locked ones stay in any case.
 */
export async function runDoctor(
  report: Report,
  env: Record<string, string | undefined>,
  { isCleaning }: { isCleaning: boolean },
): Promise<number> {
  let config: Readonly<ApiConfig>;
  try {
    config = readConfig({ LOG_LEVEL: "silent", ...env }, "api");
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    report.line(error.message, { event: "check", level: "fault", what: error.message });
    return 1;
  }
  const deps = openResources(config);
  try {
    let faults = 0;
    for await (const { level, what } of checks(deps)) {
      if (level === "fault") faults += 1;
      report.line(`${signs[level]} ${what}`, { event: "check", level, what });
    }
    if (faults > 0) return 1;
    let orphans = 0;
    let bytes = 0;
    for await (const orphan of findOrphans(deps)) {
      orphans += 1;
      bytes += orphan.bytes;
      const isGone = isCleaning && (await cleanOrphan(deps, orphan));
      const fate = isCleaning ? (isGone ? ", removed" : ", still locked") : "";
      report.line(
        `  ${orphan.bucket}/${orphan.key} (${orphan.kind}, ${bytesText(orphan.bytes)}): ${orphan.why}${fate}`,
        { event: "orphan", ...orphan, isRemoved: isGone },
      );
    }
    report.line(
      orphans === 0
        ? "✓ nothing lies in the buckets that no row refers to"
        : `! ${orphans} orphans, ${bytesText(bytes)}${isCleaning ? "" : "; --clean removes them"}`,
      { event: "orphans", count: orphans, bytes },
    );
    return 0;
  } finally {
    await deps.close();
  }
}
