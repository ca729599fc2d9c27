import { formats, protocols } from "./limits.ts";
import { pictureGraph } from "./picture-graph.ts";
import type { PicturePlan, Plan } from "./plan.ts";
import { soundGraph } from "./sound-graph.ts";

/** Where one run reads and writes: names of our own making, without a character that ffmpeg could read as syntax. */
export interface Paths {
  /** `file:/…` or `pipe:0`. */
  input: string;
  /** Folder of playlists, segments and sprites. */
  out: string;
  /** Folder of what is not published as it is. */
  work: string;
  watermarkFile: string;
  lutFile: string;
  fontFile: string | null;
}

export interface Machine {
  /** CUDA device of the run, as in `cuda=cu:0`. */
  gpuDevice: number;
  /** p1 (fastest) .. p7. */
  nvencPreset: "p3" | "p4";
  maxPixels: number;
}

/** Options that every reading of an untrusted file carries. */
export function guardedInput(input: string, maxPixels: number): string[] {
  return [
    ...["-protocol_whitelist", protocols, "-format_whitelist", formats.join(",")],
    ...["-max_pixels", String(maxPixels), "-i", input],
  ];
}

/** The whole ffmpeg command of a plan, without the program's name. Pure. */
export function argvOf(plan: Plan, paths: Paths, machine: Machine): string[] {
  const graphs = [
    ...(plan.picture ? [pictureGraph(plan.picture, paths)] : []),
    ...(plan.sound ? [soundGraph(plan.sound)] : []),
  ];
  return [
    ...[
      "-y",
      "-v",
      "level+info",
      "-hide_banner",
      "-nostdin",
      "-nostats",
      "-progress",
      "pipe:3",
      "-stats_period",
      "0.5",
    ],
    ...deviceOptions(plan.picture, machine),
    ...(plan.picture?.decoder ? [`-c:${plan.picture.index}`, plan.picture.decoder] : []),
    ...guardedInput(paths.input, machine.maxPixels),
    ...["-filter_complex", graphs.join(";")],
    ...ladderOutput(plan, paths, machine),
    ...(plan.picture ? storyboardOutput(plan.picture, paths) : []),
    ...(plan.sound ? ["-map", "[pcm]", "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"] : []),
    ...plan.captions.flatMap((captions) => [
      ...[
        "-map",
        `0:${captions.index}`,
        "-c:s",
        "webvtt",
        "-f",
        "webvtt",
        `${paths.work}/${captions.name}.vtt`,
      ],
    ]),
  ];
}

function deviceOptions(picture: PicturePlan | null, machine: Machine): string[] {
  if (picture?.encode !== "cuda" && picture?.decode !== "cuda") return [];
  const device = ["-init_hw_device", `cuda=cu:${machine.gpuDevice}`, "-filter_hw_device", "cu"];
  if (picture.decode !== "cuda") return device;
  return [
    ...device,
    ...["-hwaccel", "cuda", "-hwaccel_device", "cu", "-hwaccel_output_format", "cuda"],
    ...["-extra_hw_frames", "8", "-threads", "1"],
  ];
}

function ladderOutput(plan: Plan, paths: Paths, machine: Machine): string[] {
  const rungs = plan.picture?.rungs ?? [];
  const renditions = plan.sound?.renditions ?? [];
  const group = renditions.length > 0 && rungs.length > 0 ? ",agroup:a" : "";
  const streams = [
    ...rungs.map((rung, order) => `v:${order}${group},name:${rung.name}`),
    ...renditions.map(
      (rendition, order) =>
        `a:${order}${group}${rendition.isDefault && group ? ",default:yes" : ""},name:${rendition.name}`,
    ),
  ];
  // With one variant ffmpeg leaves %v in place.
  const only = streams.length === 1 ? (rungs[0]?.name ?? renditions[0]?.name ?? "v0") : "%v";
  return [
    ...[...rungs, ...renditions].flatMap(({ name }) => ["-map", `[${name}]`]),
    ...(plan.picture ? videoOptions(plan.picture, machine) : []),
    ...(renditions.length > 0 ? ["-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000"] : []),
    ...["-map_metadata", "-1", "-map_chapters", "-1"],
    ...(streams.length > 1 ? ["-var_stream_map", streams.join(" ")] : []),
    ...packaging(only, paths.out, plan.segmentSeconds),
  ];
}

/** CMAF segments with a growing playlist, each file appearing whole. `name` may be `%v`. */
export function packaging(name: string, out: string, segmentSeconds: number): string[] {
  return [
    ...[
      "-f",
      "hls",
      "-hls_time",
      hlsTime(segmentSeconds),
      "-hls_list_size",
      "0",
      "-hls_playlist_type",
      "event",
    ],
    ...["-hls_flags", "independent_segments+temp_file", "-hls_segment_type", "fmp4"],
    // Without +cmaf the default fMP4 shows frame 30 in slot 32 when there are B-frames; later versions add edit lists.
    ...[
      "-hls_segment_options",
      "movflags=+cmaf:use_editlist=0",
      "-hls_fmp4_init_filename",
      `init_${name}.mp4`,
    ],
    ...["-hls_segment_filename", `${out}/${name}_%05d.m4s`, `${out}/${name}.m3u8`],
  ];
}

/** ffmpeg cuts at the first IDR at or after n times this, so it must never exceed the true length of n segments. */
function hlsTime(segmentSeconds: number): string {
  return ((Math.floor(segmentSeconds * 1e6) - 1) / 1e6).toFixed(6);
}

function videoOptions(picture: PicturePlan, machine: Machine): string[] {
  const perRung = picture.rungs.flatMap((rung, order) => [
    ...(picture.encode === "cuda"
      ? [`-cq:v:${order}`, String(rung.crf + 1)]
      : [`-crf:v:${order}`, String(rung.crf)]),
    ...[`-maxrate:v:${order}`, `${rung.maxRate}k`, `-bufsize:v:${order}`, `${rung.bufSize}k`],
  ]);
  const encoder = picture.encode === "cuda" ? nvencOptions(machine) : x264Options();
  return [...encoder, ...timingOptions(picture), ...colourTags, ...perRung];
}

const colourTags = [
  "-colorspace",
  "bt709",
  "-color_primaries",
  "bt709",
  "-color_trc",
  "bt709",
  "-color_range",
  "tv",
];

function x264Options(): string[] {
  return [
    ...["-c:v", "libx264", "-preset", "superfast", "-profile:v", "high", "-pix_fmt", "yuv420p"],
    ...["-sc_threshold", "0", "-flags", "+cgop"],
  ];
}

function nvencOptions(machine: Machine): string[] {
  return [
    ...["-c:v", "h264_nvenc", "-preset", machine.nvencPreset, "-tune", "hq", "-profile:v", "high"],
    ...["-rc", "vbr", "-b:v", "0", "-forced-idr", "1", "-no-scenecut", "1"],
    ...["-strict_gop", "1", "-spatial-aq", "1"],
  ];
}

function timingOptions(picture: PicturePlan): string[] {
  const { timing } = picture;
  const minimum = picture.encode === "cpu" ? ["-keyint_min", String(picture.gopFrames)] : [];
  if (timing.mode === "table") {
    // Frames keep their own times, so key frames go by the clock: the first at or after every even second, the same
    // frame on every rung. After a pause one is enough, however many even seconds passed.
    // Without B-frames a frame's decoding time is its own, and segments end where the next begins.
    return [
      ...["-bf", "0"],
      ...["-fps_mode:v", "passthrough", "-enc_time_base:v", "1/90000"],
      ...[
        "-g",
        "9999",
        ...(picture.encode === "cpu" ? ["-keyint_min", "1"] : []),
        "-force_key_frames:v",
        "expr:if(isnan(prev_forced_t),1,gte(t,(floor(prev_forced_t/2)+1)*2))",
      ],
    ];
  }
  const reorder = picture.encode === "cuda" ? ["-bf", "2"] : [];
  const grid = `${timing.rate.den}/${timing.rate.num}`;
  return [
    "-fps_mode:v",
    "passthrough",
    "-enc_time_base:v",
    grid,
    "-g",
    String(picture.gopFrames),
    ...minimum,
    ...reorder,
  ];
}

function storyboardOutput(picture: PicturePlan, paths: Paths): string[] {
  return [
    ...["-map", "[th]", "-fps_mode:v", "passthrough", "-frames:v", String(picture.storyboard.sheets)],
    ...["-c:v", "mjpeg", "-q:v", "4", "-start_number", "0", "-f", "image2", `${paths.out}/sprite_%03d.jpg`],
  ];
}
