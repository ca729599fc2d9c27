import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const rungs = [
  { size: "1920:1080", rate: 5350 },
  { size: "1280:720", rate: 2996 },
  { size: "854:480", rate: 1498 },
  { size: "640:360", rate: 856 },
];
const words = (text: string) => text.split(" ");
const x264 = words(
  "-c:v libx264 -preset superfast -profile:v high -pix_fmt yuv420p -g 60 -keyint_min 60 -sc_threshold 0",
);
const hls = words(
  "-f hls -hls_time 4 -hls_playlist_type event -hls_segment_type fmp4 -hls_flags independent_segments+temp_file",
);

/** Processor seconds of one ffmpeg, all threads. */
async function cpuOf(argv: string[]): Promise<number> {
  const child = Bun.spawn(["ffmpeg", "-y", "-v", "error", "-nostdin", ...argv], {
    stdout: "ignore",
    stderr: "inherit",
  });
  if ((await child.exited) !== 0) throw new Error("a reference command failed");
  return Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "rushes-bench-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What most builders do: one run per rung, another for thumbnails, another for the waveform. Same preset. */
export const naiveCpu = (clip: string) =>
  inFolder(async (out) => {
    let cpu = 0;
    for (const [order, { size, rate }] of rungs.entries()) {
      cpu += await cpuOf([
        ...["-i", clip, "-vf", `scale=${size}:flags=bicubic,setsar=1`, ...x264, "-crf", "23"],
        ...[
          "-maxrate",
          `${rate}k`,
          "-bufsize",
          `${Math.round(rate * 1.4)}k`,
          ...words("-c:a aac -b:a 128k -ac 2"),
          ...hls,
        ],
        ...[
          "-hls_fmp4_init_filename",
          `init${order}.mp4`,
          "-hls_segment_filename",
          `${out}/v${order}_%05d.m4s`,
          `${out}/v${order}.m3u8`,
        ],
      ]);
    }
    cpu += await cpuOf([
      "-i",
      clip,
      "-an",
      "-vf",
      "fps=1/2,scale=160:90,tile=10x10",
      `${out}/sprite_%03d.jpg`,
    ]);
    return cpu + (await cpuOf(["-i", clip, "-vn", "-ac", "1", "-f", "s16le", "/dev/null"]));
  });

/** The one-process command that previews.md recommends, with nothing around it. */
export const bareCpu = (clip: string) =>
  inFolder((out) => {
    const chain = [
      "[0:v:0]scale=1920:1080:flags=bicubic:out_range=tv,format=yuv420p,setsar=1,split=2[v0][c0]",
      "[c0]scale=1280:720,setsar=1,split=2[v1][c1]",
      "[c1]scale=854:480,setsar=1,split=2[v2][c2]",
      "[c2]scale=640:360,setsar=1,split=2[v3][c3]",
      "[c3]fps=1/2:round=up,scale=160:90,tile=10x10[th]",
      "[0:a:0]aresample=48000:async=1:first_pts=0,asplit=2[a][w]",
      "[a]atrim=start_sample=1024,asetpts=PTS-STARTPTS[a0]",
      "[w]aformat=sample_fmts=s16:channel_layouts=mono[pcm]",
    ];
    const rates = rungs.flatMap(({ rate }, i) => [
      ...[
        `-crf:v:${i}`,
        "23",
        `-maxrate:v:${i}`,
        `${rate}k`,
        `-bufsize:v:${i}`,
        `${Math.round(rate * 1.4)}k`,
      ],
    ]);
    return cpuOf([
      ...[
        "-i",
        clip,
        "-filter_complex",
        chain.join(";"),
        ...words("-map [v0] -map [v1] -map [v2] -map [v3] -map [a0]"),
      ],
      ...[
        ...x264,
        ...words("-fps_mode:v passthrough -flags +cgop"),
        ...rates,
        ...words("-c:a aac -b:a 128k -ac 2"),
        ...hls,
      ],
      ...["-hls_segment_options", "movflags=+cmaf", "-hls_fmp4_init_filename", "init_%v.mp4"],
      ...["-var_stream_map", "v:0,agroup:a v:1,agroup:a v:2,agroup:a v:3,agroup:a a:0,agroup:a,default:yes"],
      ...["-hls_segment_filename", `${out}/v%v_%05d.m4s`, `${out}/v%v.m3u8`],
      ...["-map", "[th]", "-q:v", "4", `${out}/sprite_%03d.jpg`, "-map", "[pcm]", "-f", "s16le", "/dev/null"],
    ]);
  });

/** Structural similarity of an encoded file to its source, both at the source's size. */
export async function similarity(source: string, encoded: string): Promise<number> {
  const child = Bun.spawn(
    [
      "ffmpeg",
      ...words("-v info -nostdin -nostats"),
      "-i",
      encoded,
      "-i",
      source,
      "-filter_complex",
      "[0:v][1:v]ssim",
      "-an",
      "-f",
      "null",
      "-",
    ],
    { stdout: "ignore", stderr: "pipe" },
  );
  const log = await new Response(child.stderr).text();
  const found = /SSIM .*All:([\d.]+)/.exec(log)?.[1];
  if (!found) throw new Error("no similarity was reported");
  return Number(found);
}
