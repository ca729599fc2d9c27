import ffmpeg from "fluent-ffmpeg";

/**
 * The only file that knows fluent-ffmpeg: single pictures out of what we encoded ourselves. Its upstream is archived
 * and it spawns ffmpeg several times before each start, so it gets nothing untrusted and nothing that is in a hurry.
 */

/** The most typical of the first frames of `input`, at most 1280 wide, as a JPEG. */
export function writePoster(input: string, output: string, signal: AbortSignal): Promise<void> {
  return once(plain(input), ["thumbnail=n=24", shrink], output, signal);
}

/** The picture at `seconds` of `input`, as a JPEG. */
export function writeStill(
  input: string,
  seconds: number,
  output: string,
  signal: AbortSignal,
): Promise<void> {
  return once(plain(input).inputOptions("-accurate_seek").seekInput(seconds), [shrink], output, signal);
}

const shrink = "scale=w='min(1280,iw)':h=-2";

/** Every ffmpeg has what is used here: it need not be asked for its formats and encoders before each start. */
function plain(input: string): ffmpeg.FfmpegCommand {
  const command = ffmpeg(input);
  const noFault = null as unknown as Error;
  const mjpeg = { description: "", canDemux: true, canMux: true };
  command.availableFormats = (tell) => tell(noFault, { mjpeg });
  command.availableEncoders = (tell) => tell(noFault, {});
  return command;
}

function once(
  command: ffmpeg.FfmpegCommand,
  filters: string[],
  output: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const kill = () => command.kill("SIGKILL");
    const settle = (end: () => void) => {
      signal.removeEventListener("abort", kill);
      end();
    };
    signal.addEventListener("abort", kill, { once: true });
    command
      .inputOptions("-protocol_whitelist", "file")
      .outputOptions("-vf", filters.join(","), "-frames:v", "1", "-q:v", "3", "-threads", "1")
      .format("mjpeg")
      .on("end", () => settle(resolve))
      .on("error", (cause: Error) => settle(() => reject(cause)))
      .save(output);
  });
}
