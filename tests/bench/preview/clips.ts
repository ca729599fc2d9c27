import { ffmpeg, fixture } from "#tests/fixtures/generate.ts";

const words = (text: string) => text.split(" ");

/** 1080p30 with sound, moving enough to keep an encoder busy, about 4 Mbit/s. */
export const minute = (seconds: number) =>
  fixture(`bench-1080p30-${seconds}s-1.mp4`, (output, folder) =>
    ffmpeg(
      [
        ...["-f", "lavfi", "-i", `testsrc2=size=1920x1080:rate=30:duration=${seconds}`],
        ...["-f", "lavfi", "-i", `anoisesrc=color=pink:sample_rate=48000:amplitude=0.3:duration=${seconds}`],
        ...words(
          "-vf noise=alls=3:allf=t -c:v libx264 -preset veryfast -b:v 3700k -maxrate 4500k -bufsize 8M -pix_fmt yuv420p",
        ),
        ...words("-g 60 -c:a aac -b:a 128k -ac 2 -f mp4"),
        output,
      ],
      folder,
    ),
  );

/** The same minute again and again: long without a long wait. */
export const repeated = async (times: number) => {
  const source = await minute(60);
  return fixture(`bench-1080p30-${times}x60s-1.mp4`, (output, folder) =>
    ffmpeg(["-stream_loop", String(times - 1), "-i", source, ...words("-c copy -f mp4"), output], folder),
  );
};
