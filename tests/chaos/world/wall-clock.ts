import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** Where Debian puts the library; undefined where it is not installed. */
export const faketime = ["x86_64", "aarch64"]
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find(existsSync);

/** The wall clock of one machine: every process that is started with `env` follows it. */
export interface WallClock {
  env: Record<string, string>;
  /** From now on the clock is `seconds` ahead of the real one, or behind it. Resolves when everybody sees it. */
  set(seconds: number): Promise<void>;
  end(): Promise<void>;
}

export async function openWallClock(): Promise<WallClock> {
  if (!faketime) throw new Error("faketime is not installed");
  const folder = await mkdtemp(join(tmpdir(), "rushes-clock-"));
  const file = join(folder, "offset");
  const set = (seconds: number) => writeFile(file, `${seconds < 0 ? "" : "+"}${seconds}`, { mode: 0o644 });
  await set(0);
  await Bun.spawn(["chmod", "755", folder]).exited;
  return {
    env: {
      LD_PRELOAD: faketime,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    },
    async set(seconds) {
      await set(seconds);
      await pause(1_200);
    },
    end: () => rm(folder, { recursive: true }),
  };
}
