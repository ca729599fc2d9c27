import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Raised whenever the pipeline makes other bytes of the same input. */
const PIPELINE = 3;

/** Names what makes previews: our pipeline and the ffmpeg under it. */
export function toolVersion(): string {
  const text =
    spawnSync("ffmpeg", ["-hide_banner", "-version"], { encoding: "utf8", timeout: 10_000 }).stdout ?? "";
  const version = /^ffmpeg version (\S+)/.exec(text)?.[1];
  if (!version) throw new Error("ffmpeg does not run on this machine");
  return `rushes-${PIPELINE}/ffmpeg-${version}`;
}

const fonts = [
  "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
  "/usr/share/fonts/dejavu/DejaVuSans.ttf",
  "/usr/share/fonts/TTF/DejaVuSans.ttf",
];

/** A font for watermarks; null leaves the choice to fontconfig. */
export function findFont(): string | null {
  return fonts.find((path) => existsSync(path)) ?? null;
}
