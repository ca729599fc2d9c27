import { existsSync, renameSync, rmSync } from "node:fs";
import { logTail, plainEnv } from "#dev/processes.ts";
import { Stop } from "#dev/say.ts";

export type ClipSettings = {
  seconds: number;
  width: number;
  height: number;
  rate: number;
  firstTimecode: string;
};

export const demoClip: ClipSettings = {
  seconds: 16,
  width: 1920,
  height: 1080,
  rate: 24,
  firstTimecode: "01:00:00:00",
};

const FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf";
const CODE_BITS = 12;
const CELL = 24;

/**
 * The frame number in the top left corner as black and white cells, lowest bit first, for machines:
 * a white cell, then the bits, then a black cell; 24 pixels each.
 */
const frameCode = (): string[] => [
  `drawbox=x=0:y=0:w=${(CODE_BITS + 2) * CELL}:h=${CELL}:color=black:t=fill`,
  `drawbox=x=0:y=0:w=${CELL}:h=${CELL}:color=white:t=fill`,
  ...Array.from(
    { length: CODE_BITS },
    (_, bit) =>
      `drawbox=x=${(bit + 1) * CELL}:y=0:w=${CELL}:h=${CELL}:color=white:t=fill:enable='mod(floor(n/${2 ** bit})\\,2)'`,
  ),
];

const text = (settings: string): string => `drawtext=fontfile=${FONT}:fontcolor=white:${settings}`;

/** The picture: drifting colours, a ball that swings once a second, frame number and timecode burned in. */
const picture = ({ width, height, rate, firstTimecode }: ClipSettings): string => {
  const escaped = firstTimecode.replaceAll(":", "\\:");
  return [
    `[0:v]scale=${width}:${height}:flags=bilinear,format=yuv420p[room]`,
    `[1:v]format=rgba,geq=r=242:g=163:b=58:a='255*lt(hypot(X-60\\,Y-60)\\,58)'[ball]`,
    `[room][ball]overlay=x='(W-w)/2+cos(PI*t)*(W-w)*0.36':y='H*0.62-abs(sin(PI*t))*H*0.18':shortest=1,` +
      [
        `drawbox=x=0:y=ih-150:w=iw:h=150:color=black@0.55:t=fill`,
        text("text='%{n}':fontsize=220:x=(w-tw)/2:y=h*0.24:shadowcolor=black@0.6:shadowx=4:shadowy=4"),
        text(`timecode='${escaped}':timecode_rate=${rate}:fontsize=64:x=(w-tw)/2:y=h-112`),
        text("text='RUSHES DEMO':fontsize=32:x=48:y=h-92:alpha=0.75"),
        ...frameCode(),
        "setsar=1[v]",
      ].join(","),
  ].join(";");
};

/** A pop on every full second, a soft beat between, a chord below. */
const sound =
  "0.35*sin(2*PI*1000*t)*lt(mod(t,1),0.06)+0.3*sin(2*PI*110*t)*exp(-9*mod(t,0.5))" +
  "+0.06*(sin(2*PI*220*t)+sin(2*PI*277.18*t)+sin(2*PI*329.63*t))*(0.6+0.4*sin(PI*t/4))";

/** The ffmpeg command that makes the clip; H.264 and AAC, as a camera or an edit would deliver it. */
export const clipArgv = (settings: ClipSettings, target: string): string[] => [
  ...["ffmpeg", "-y", "-v", "error", "-nostdin"],
  ...["-f", "lavfi", "-i"],
  `gradients=s=480x270:r=${settings.rate}:c0=0x16222e:c1=0x35506b:c2=0x7a4a3a:c3=0x101418:nb_colors=4:speed=0.012:seed=7`,
  ...["-f", "lavfi", "-i", `color=black:s=120x120:r=${settings.rate}`],
  ...["-f", "lavfi", "-i", `aevalsrc='${sound}':s=48000`],
  ...["-filter_complex", picture(settings), "-map", "[v]", "-map", "2:a"],
  ...[
    "-t",
    String(settings.seconds),
    "-c:v",
    "libx264",
    "-preset",
    "superfast",
    "-crf",
    "20",
    "-pix_fmt",
    "yuv420p",
  ],
  ...["-c:a", "aac", "-b:a", "160k", "-ac", "2", "-timecode", settings.firstTimecode],
  ...["-movflags", "+faststart", "-f", "mp4", target],
];

/** Makes the clip unless it is there. */
export const makeClip = async (settings: ClipSettings, target: string, logFile: string): Promise<void> => {
  if (existsSync(target)) return;
  const partial = `${target}.part`;
  const child = Bun.spawn(clipArgv(settings, partial), {
    env: plainEnv(),
    stdin: "ignore",
    stdout: "ignore",
    stderr: Bun.file(logFile),
  });
  if ((await child.exited) !== 0) {
    rmSync(partial, { force: true });
    throw new Stop(`ffmpeg could not make the demo clip:\n${logTail(logFile)}`);
  }
  renameSync(partial, target);
};
