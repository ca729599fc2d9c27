import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { picture, sound, source } from "#tests/support/sources.ts";
import { argvOf, type Machine, type Paths } from "./argv.ts";
import { encoderTrial, gpuFault, presetFor, scalerTrial } from "./device.ts";
import { instantArgv } from "./instant.ts";
import { type Choices, planOf } from "./plan.ts";
import type { Source } from "./source.ts";

const paths: Paths = {
  input: "file:/scratch/source",
  out: "/scratch/out",
  work: "/scratch/work",
  watermarkFile: "/scratch/work/watermark",
  lutFile: "/scratch/work/table.cube",
  fontFile: "/fonts/a.ttf",
};
const machine: Machine = { gpuDevice: 1, nvencPreset: "p4", maxPixels: 1e8 };
const gpu = { encode: true, decode: true };
const none = { encode: false, decode: false };

function command(from: Source, change: Partial<Choices> = {}): string[] {
  const plan = planOf(from, { recipe: {}, device: none, maxSoundtracks: 16, maxCaptions: 16, ...change });
  return argvOf(plan, paths, machine);
}
const after = (argv: string[], option: string) => argv[argv.indexOf(option) + 1];
const graph = (argv: string[]) => after(argv, "-filter_complex") ?? "";

describe("on the CPU", () => {
  test("decodes once, scales in a chain, and takes storyboard and peaks on the way", () => {
    const argv = command(source());
    expect(argv.filter((word) => word === "-i")).toEqual(["-i"]);
    expect(graph(argv)).toContain(
      "[0:0]setparams=range=tv:colorspace=bt709,scale=1920:1080:flags=bicubic,setsar=1,split=2[v0][c0];",
    );
    expect(graph(argv)).toContain("[c0]scale=1280:720:flags=bicubic,setsar=1,split=2[v1][c1]");
    expect(graph(argv)).toContain("[c3]fps=2/1:round=up,scale=160:90:flags=bicubic,tile=10x2[th]");
    expect(graph(argv)).toContain("atrim=start_sample=1024,asetpts=PTS-STARTPTS[a0]");
    expect(after(argv, "-var_stream_map")).toBe(
      "v:0,agroup:a,name:v0 v:1,agroup:a,name:v1 v:2,agroup:a,name:v2 v:3,agroup:a,name:v3 a:0,agroup:a,default:yes,name:a0",
    );
    for (const [option, value] of [
      ["-g", "50"],
      ["-hls_time", "3.999999"],
      ["-enc_time_base:v", "1/25"],
      ["-maxrate:v:0", "5350k"],
    ] as const) {
      expect([option, after(argv, option)]).toEqual([option, value]);
    }
    expect(argv).not.toContain("-hwaccel");
  });
  test("guards every input, whatever it is", () => {
    for (const argv of [command(source()), instantArgv(source(), "pipe:0", "/o", 1e8)]) {
      expect(after(argv, "-protocol_whitelist")).toBe("file,pipe");
      const formats = after(argv, "-format_whitelist")?.split(",") ?? [];
      for (const opener of ["hls", "dash", "concat", "image2", "sdp", "lavfi", "imf", "tty", "ffmetadata"])
        expect(formats).not.toContain(opener);
      expect(argv.indexOf("-format_whitelist")).toBeLessThan(argv.indexOf("-i"));
    }
  });
  test("prepares what needs it", () => {
    const steps = (change: Parameters<typeof picture>[0]) =>
      graph(command(source({ picture: picture(change) })));
    expect(steps({ interlaced: true })).toContain("bwdif=mode=send_frame");
    expect(steps({ hasAlpha: true })).toContain("premultiply=inplace=1");
    expect(steps({ transfer: "hdr10" })).toContain("tonemap=tonemap=mobius");
    expect(steps({ matrix: "bt601" })).toContain("in_color_matrix=bt601:out_color_matrix=bt709");
    expect(steps({ lateSeconds: 0.25 })).toContain("[0:0]setpts=PTS-0.250000/TB,");
    expect(steps({ rate: { num: 240, den: 1 } })).toContain("fps=60/1,setparams");
    expect(steps({ pixelFormat: "yuv422p10le" })).toContain(
      "out_color_matrix=bt709:out_range=tv,format=yuv420p",
    );
    expect(steps({ fullRange: true })).toContain("out_range=tv");
  });
  test("a table of times needs a fine clock, key frames by the clock, and no B-frames", () => {
    const argv = command(source({ picture: picture({ looksVariable: true }) }));
    for (const [option, value] of [
      ["-enc_time_base:v", "1/90000"],
      ["-force_key_frames:v", "expr:if(isnan(prev_forced_t),1,gte(t,(floor(prev_forced_t/2)+1)*2))"],
      ["-bf", "0"],
    ] as const) {
      expect([option, after(argv, option)]).toEqual([option, value]);
    }
  });
  test("with one stream nothing is left to %v", () => {
    const argv = command(source({ sound: [], picture: picture({ width: 320, height: 180 }) }));
    expect(argv).not.toContain("-var_stream_map");
    expect(argv.join(" ")).not.toContain("%v");
    expect(after(argv, "-hls_fmp4_init_filename")).toBe("init_v0.mp4");
  });
  test("words of people never become part of the command", () => {
    const nasty = "';[0:v]movie=/etc/passwd[x] %{localtime} \\";
    const argv = command(source({ sound: [sound({ title: nasty })], startTimecode: "01:00:00:00" }), {
      recipe: { watermark: nasty, lut: nasty },
    });
    expect(argv.join("\n")).not.toContain("passwd");
    expect(graph(argv)).toContain(
      "drawtext=fontfile=/fonts/a.ttf:textfile=/scratch/work/watermark:expansion=none",
    );
    expect(graph(argv)).toContain("lut3d=file=/scratch/work/table.cube");
  });
  test("segments carry no edit lists, which later versions write unless told", () => {
    expect(command(source())).toContain("movflags=+cmaf:use_editlist=0");
  });
  test("sound alone is a ladder of sound", () => {
    const argv = command(source({ kind: "audio", picture: null }));
    expect(argv).not.toContain("libx264");
    expect(graph(argv)).not.toContain("scale");
    expect(argv.join(" ")).toContain("/scratch/out/a0.m3u8");
  });
  test("normalised sound passes a gain or loudnorm before it is encoded", () => {
    const recipe = { loudness: -16 };
    expect(graph(command(source(), { recipe, knownLufs: -20 }))).toContain("volume=4dB,alimiter");
    expect(graph(command(source(), { recipe }))).toContain("loudnorm=I=-16:TP=-1:LRA=11");
  });
});

describe("on the GPU", () => {
  test("frames never leave it but for the storyboard", () => {
    const argv = command(source(), { device: gpu });
    expect(argv.slice(argv.indexOf("-init_hw_device"), argv.indexOf("-protocol_whitelist"))).toEqual([
      ...[
        "-init_hw_device",
        "cuda=cu:1",
        "-filter_hw_device",
        "cu",
        "-hwaccel",
        "cuda",
        "-hwaccel_device",
        "cu",
      ],
      ...["-hwaccel_output_format", "cuda", "-extra_hw_frames", "8", "-threads", "1"],
    ]);
    expect(graph(argv)).toStartWith(
      "[0:0]scale_cuda=1920:1080:format=nv12:passthrough=0,setsar=1,split=2[v0][c0];",
    );
    expect(graph(argv)).toContain("scale_cuda=160:90:passthrough=0,hwdownload,format=nv12,tile=10x2[th]");
    expect(graph(argv).match(/hwdownload/g)?.length).toBe(1);
    for (const [option, value] of [
      ["-c:v", "h264_nvenc"],
      ["-preset", "p4"],
      ["-rc", "vbr"],
      ["-bf", "2"],
      ["-cq:v:0", "24"],
      ["-forced-idr", "1"],
    ] as const) {
      expect([option, after(argv, option)]).toEqual([option, value]);
    }
    expect(argv.join(" ")).not.toMatch(/libx264|-crf|keyint_min|sc_threshold/);
  });
  test("what it cannot decode is prepared by the CPU and uploaded once", () => {
    const argv = command(
      source({
        picture: picture({
          ...{ codec: "prores", pixelFormat: "yuv422p10le", chroma: "422", bitDepth: 10 },
          ...{ rotation: 90, isUpright: false },
        }),
      }),
      { device: gpu },
    );
    expect(argv).not.toContain("-hwaccel");
    expect(graph(argv)).toContain("format=yuv420p,setsar=1,format=nv12,hwupload_cuda,split=2[v0][c0]");
    expect(graph(argv).match(/hwupload_cuda/g)?.length).toBe(1);
  });
  test("HDR goes down for tone mapping and up again", () => {
    const argv = command(source({ picture: picture({ codec: "hevc", bitDepth: 10, transfer: "hlg" }) }), {
      device: gpu,
    });
    expect(graph(argv)).toContain(
      "scale_cuda=1920:1080:format=p010le:passthrough=0,hwdownload,format=p010le,zscale=t=linear:npl=100",
    );
    expect(graph(argv)).toContain("format=nv12,setsar=1,hwupload_cuda,split");
  });
  test("without an encoder it decodes and scales for the CPU", () => {
    const argv = command(source(), { device: { encode: false, decode: true } });
    expect(graph(argv)).toStartWith(
      "[0:0]scale_cuda=1920:1080:format=nv12:passthrough=0,hwdownload,format=nv12,format=yuv420p,setsar=1,split",
    );
    expect(argv).toContain("libx264");
    expect(argv).toContain("-hwaccel");
  });
  test("a variable rate has no B-frames and forced key frames", () => {
    const argv = command(source({ picture: picture({ looksVariable: true }) }), { device: gpu });
    expect([after(argv, "-bf"), after(argv, "-g")]).toEqual(["0", "9999"]);
  });
  test("every option of the encoder is known to this ffmpeg", () => {
    const help = spawnSync("ffmpeg", ["-hide_banner", "-h", "encoder=h264_nvenc"], {
      encoding: "utf8",
    }).stdout;
    expect(help).toContain("NVIDIA NVENC H.264 encoder");
    for (const name of [
      "preset",
      "tune",
      "rc",
      "cq",
      "forced-idr",
      "no-scenecut",
      "strict_gop",
      "spatial-aq",
    ]) {
      expect([name, new RegExp(`^\\s+-${name}\\s`, "m").test(help)]).toEqual([name, true]);
    }
    for (const value of ["p3", "p4", "hq", "vbr"])
      expect([value, new RegExp(`^\\s+${value}\\s+\\d+`, "m").test(help)]).toEqual([value, true]);
    const filters = spawnSync("ffmpeg", ["-hide_banner", "-filters"], { encoding: "utf8" }).stdout;
    for (const name of ["scale_cuda", "hwupload_cuda", "hwdownload"])
      expect(filters).toMatch(new RegExp(`\\s${name}\\s`));
    const scale = spawnSync("ffmpeg", ["-hide_banner", "-h", "filter=scale_cuda"], {
      encoding: "utf8",
    }).stdout;
    for (const name of ["format", "passthrough"]) expect(scale).toMatch(new RegExp(`^\\s+${name}\\s`, "m"));
  });
});

describe("the device", () => {
  test("says in one word why it cannot be used", () => {
    const said: [string, string][] = [
      ["Cannot load libcuda.so.1\nCould not dynamically load CUDA", "no-driver"],
      ["cu->cuInit(0) failed -> CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected", "no-device"],
      ["OpenEncodeSessionEx failed: out of memory (10): (no details)", "session-limit"],
      [
        "OpenEncodeSessionEx failed: unsupported device (2): (no details)\nNo capable devices found",
        "no-encoder",
      ],
      ["Driver does not support the required nvenc API version. Required: 12.1 Found: 11.0", "old-driver"],
      ["Unknown encoder 'h264_nvenc'", "not-built-in"],
      ["something else", "unknown"],
    ];
    for (const [log, fault] of said) expect([log, gpuFault(log)]).toEqual([log, fault as never]);
  });
  test("is tried through the same doors that a build takes", () => {
    expect(encoderTrial(3).join(" ")).toContain("-init_hw_device cuda=cu:3");
    expect(encoderTrial(0).join(" ")).toContain("hwupload_cuda,scale_cuda=160:160");
    expect(scalerTrial(0).join(" ")).not.toContain("nvenc");
  });
  test("takes the preset that its engine can keep up with", () => {
    expect(["Tesla T4", "NVIDIA L4", "NVIDIA L40S", "NVIDIA A10G"].map(presetFor)).toEqual([
      "p3",
      "p4",
      "p4",
      "p4",
    ]);
  });
});
