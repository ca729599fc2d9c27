import { spawn } from "node:child_process";
import type { Log } from "#core/telemetry/log.ts";
import type { Machine } from "./argv.ts";

/** What the machine's encoder and decoder can do now. */
export interface Device {
  /** What a plan may use. */
  offers(): { encode: boolean; decode: boolean };
  machine(maxPixels: number): Machine;
  /** A build on the GPU failed: look again, and stay away from it until it answers. */
  doubt(why: string): void;
  /** In words, for the log, readiness and the metric. */
  describe(): string;
}

/** Why a tiny session could not be opened. */
export type GpuFault =
  | "no-driver"
  | "no-device"
  | "no-encoder"
  | "session-limit"
  | "old-driver"
  | "no-memory"
  | "not-built-in"
  | "unknown";

const faults: [RegExp, GpuFault][] = [
  [/Cannot load (libcuda|libnvcuvid|libnvidia-encode)|Could not dynamically load CUDA/i, "no-driver"],
  [
    /no CUDA-capable device|CUDA_ERROR_NO_DEVICE|CUDA_ERROR_INVALID_DEVICE|invalid device ordinal/i,
    "no-device",
  ],
  [/Unknown encoder|Unrecognized hwaccel|No such filter|Unknown hardware device/i, "not-built-in"],
  [
    /incompatible client key|out of memory \(10\)|OpenEncodeSessionEx failed: (out of memory|incompatible)/i,
    "session-limit",
  ],
  [/minimum required Nvidia driver|Driver does not support the required nvenc API/i, "old-driver"],
  [
    /OpenEncodeSessionEx failed: (unsupported device|no encode device)|No capable devices found/i,
    "no-encoder",
  ],
  [/CUDA_ERROR_OUT_OF_MEMORY/i, "no-memory"],
];

/** Classifies what ffmpeg said when it could not use the GPU. */
export function gpuFault(log: string): GpuFault {
  return faults.find(([pattern]) => pattern.test(log))?.[1] ?? "unknown";
}

/** A session so small that it costs nothing, through the same doors as a real one. */
export function encoderTrial(gpu: number): string[] {
  return [
    ...["-v", "error", "-nostdin", "-init_hw_device", `cuda=cu:${gpu}`, "-filter_hw_device", "cu"],
    ...[
      "-f",
      "lavfi",
      "-i",
      "color=c=gray:s=256x256:r=30:d=0.2",
      "-vf",
      "format=nv12,hwupload_cuda,scale_cuda=160:160",
    ],
    ...["-c:v", "h264_nvenc", "-preset", "p4", "-f", "null", "-"],
  ];
}

/** Upload, scale and download: what is left on a GPU without an encoder. */
export function scalerTrial(gpu: number): string[] {
  return [
    ...["-v", "error", "-nostdin", "-init_hw_device", `cuda=cu:${gpu}`, "-filter_hw_device", "cu"],
    ...["-f", "lavfi", "-i", "color=c=gray:s=256x256:r=30:d=0.2"],
    ...[
      "-vf",
      "format=nv12,hwupload_cuda,scale_cuda=160:160:passthrough=0,hwdownload,format=nv12",
      "-f",
      "null",
      "-",
    ],
  ];
}

const TRIAL_MS = 15_000;
const AGAIN_MS = 60_000;

/** Runs a trial; null when it went well. */
function attempt(argv: string[]): Promise<GpuFault | null> {
  return new Promise((resolve) => {
    const child = spawn("ffmpeg", argv, {
      stdio: ["ignore", "ignore", "pipe"],
      timeout: TRIAL_MS,
      killSignal: "SIGKILL",
    });
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(0, 8192);
    });
    child.on("error", () => resolve("not-built-in"));
    child.on("close", (code) => resolve(code === 0 ? null : gpuFault(log)));
  });
}

/** Turing has one engine that does p4 at 340 frames a second; from Ampere on p4 holds the pace. */
export function presetFor(name: string): Machine["nvencPreset"] {
  return /\bT4\b|T400|T600|T1000|GTX 16|RTX 20/.test(name) ? "p3" : "p4";
}

/**
 * `GPU_DEVICE`: a CUDA ordinal, `auto` (the first, if there is one), or `none`. A GPU that cannot be used is said once
 * and the CPU takes over; after a failed build it is tried again a minute later.
 */
export async function openDevice(setting: string, log: Log): Promise<Device> {
  const wanted = setting === "none" || setting === "cpu" ? null : setting === "auto" ? 0 : Number(setting);
  if (wanted !== null && !Number.isInteger(wanted))
    throw new Error("GPU_DEVICE must be a number, auto or none");
  const name = wanted === null ? "" : await deviceName(wanted);
  let encoder: GpuFault | null = "no-device";
  let scaler: GpuFault | null = "no-device";
  async function look(): Promise<void> {
    if (wanted === null) return;
    encoder = await attempt(encoderTrial(wanted));
    // An encoder session went through upload and scaler already.
    scaler = encoder === null ? null : await attempt(scalerTrial(wanted));
    if (encoder !== null && setting !== "auto")
      log.warn({ fault: encoder, gpu: wanted }, "the GPU cannot encode");
  }
  await look();
  return {
    offers: () => ({ encode: encoder === null, decode: scaler === null }),
    machine: (maxPixels) => ({ gpuDevice: wanted ?? 0, nvencPreset: presetFor(name), maxPixels }),
    doubt(why) {
      log.warn({ why: why.slice(0, 500) }, "a build on the GPU failed; the CPU does the next ones");
      encoder = scaler = "unknown";
      setTimeout(() => void look(), AGAIN_MS).unref();
    },
    describe() {
      if (wanted === null) return "CPU (GPU_DEVICE=none)";
      if (encoder === null) return `GPU ${wanted} ${name}`.trim();
      return scaler === null ? `GPU ${wanted} ${name} decodes, CPU encodes (${encoder})` : `CPU (${encoder})`;
    },
  };
}

function deviceName(gpu: number): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader", "-i", String(gpu)], {
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 5_000,
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    child.on("error", () => resolve(""));
    child.on("close", () => resolve(text.trim().split("\n")[0] ?? ""));
  });
}
