import { BuildFailure } from "#core/previews/job.ts";
import { guardedInput } from "./argv.ts";
import type { Caps } from "./limits.ts";
import { probed } from "./probe-shape.ts";
import { type RunResult, run } from "./run.ts";
import type { Sandbox } from "./sandbox.ts";
import { type Source, sourceOf } from "./source.ts";

const PROBE_SECONDS = 60;
/** Enough to see whether the file starts with frames that are not to be shown. */
const FIRST_PACKETS = 32;

/** Asks ffprobe what a file is, in the sandbox. Refuses with a reason a person can act on. */
export async function probe(
  sandbox: Sandbox,
  path: string,
  caps: Caps,
  cwd: string,
  signal: AbortSignal,
): Promise<Source> {
  const chunks: Buffer[] = [];
  const deadline = AbortSignal.timeout(PROBE_SECONDS * 1000);
  const result = await run(sandbox, {
    command: "ffprobe",
    // The caps are checked by us, with words: ffprobe must be able to say how large the picture is.
    argv: [
      ...["-v", "level+error", "-of", "json", "-show_format", "-show_streams", "-show_packets"],
      ...["-read_intervals", `%+#${FIRST_PACKETS}`],
      ...guardedInput(path, 2 ** 31 - 1),
    ],
    cwd,
    limits: { memoryBytes: 8 * 2 ** 30, cpuSeconds: PROBE_SECONDS, fileBytes: 0 },
    signal: AbortSignal.any([signal, deadline]),
    onStdout: (chunk) => chunks.push(chunk),
  }).catch((cause) => {
    if (signal.aborted || !deadline.aborted) throw cause;
    throw new BuildFailure(
      "damaged",
      "Reading the file's headers took too long. Export it again and upload the new file.",
    );
  });
  if (result.code !== 0) throw unreadable(result, await brandOf(path));
  return sourceOf(probed.parse(JSON.parse(Buffer.concat(chunks).toString("utf8"))), caps);
}

/** The four letters by which an ISO file says what it is; anything else gives other letters. */
async function brandOf(path: string): Promise<string> {
  return Buffer.from(
    await Bun.file(path.replace(/^file:/, ""))
      .slice(8, 12)
      .bytes(),
  ).toString("latin1");
}

const photographs = /^(heic|heix|heim|heis|mif1|msf1)$/;

/** Why ffprobe could not open a file, in words. */
function unreadable(result: RunResult, brand: string): BuildFailure {
  const log = result.errors.join("\n");
  if (/not on whitelist/i.test(log)) {
    return new BuildFailure(
      "format-not-supported",
      "The content of the file is not a media format that is accepted: playlists and scripts that point elsewhere are refused, and so is what only looks like media by its name. Upload the media file itself.",
    );
  }
  if (photographs.test(brand)) {
    return new BuildFailure(
      "codec-not-supported",
      "HEIC photographs cannot be read by this worker. Export it as JPEG, PNG or TIFF and upload that.",
    );
  }
  if (/moov atom not found/i.test(log)) {
    return new BuildFailure(
      "truncated",
      "The file is incomplete: its index is missing, as after an interrupted recording or copy. Copy it again from the source, or repair it, and upload the whole file.",
    );
  }
  // What ffmpeg says of a file with more than a thousand streams as well.
  if (/Cannot allocate memory/i.test(log)) {
    return new BuildFailure(
      "too-many-streams",
      "The file has more tracks than are handled, or its headers need more memory than one file may use. Export it with fewer tracks.",
    );
  }
  if (result.killedBy) {
    return new BuildFailure(
      "damaged",
      "Reading the file needed more memory or time than one file may use. Export it again in a common format and upload that.",
    );
  }
  return new BuildFailure(
    "not-media",
    "The content of the file is not video, sound or a picture that can be read, whatever its name says. Check that it plays on your machine, and upload the exported media file.",
  );
}
