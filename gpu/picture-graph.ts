import type { Paths } from "./argv.ts";
import type { PicturePlan } from "./plan.ts";

/**
 * The filters of the picture: decoded once, prepared once, then scaled in a chain (each rung from the one above),
 * with the storyboard off the smallest. Pure.
 */
export function pictureGraph(plan: PicturePlan, paths: Paths): string {
  const source = `[0:${plan.index}]`;
  const first = plan.rungs[0];
  if (!first) throw new Error("a picture plan without rungs");
  const chain = plan.encode === "cuda" ? cudaChain : cpuChain;
  const prepared = plan.decode === "cuda" ? prepareOnGpu(plan, first) : prepareOnCpu(plan, first, paths);
  return chain(plan, `${source}${[...shift(plan), ...prepared].join(",")}`);
}

function shift(plan: PicturePlan): string[] {
  return plan.shiftSeconds > 0 ? [`setpts=PTS-${plan.shiftSeconds.toFixed(6)}/TB`] : [];
}

const bicubic = "flags=bicubic";

/** Up to the first rung, in system memory; uploaded at the end when the GPU encodes. */
function prepareOnCpu(plan: PicturePlan, first: { width: number; height: number }, paths: Paths): string[] {
  const size = `${first.width}:${first.height}`;
  const steps: string[] = [];
  if (plan.deinterlace) steps.push("bwdif=mode=send_frame:parity=auto:deint=interlaced");
  if (plan.timing.mode === "thinned") steps.push(`fps=${plan.timing.rate.num}/${plan.timing.rate.den}`);
  if (plan.flattenAlpha) steps.push("format=gbrap", "premultiply=inplace=1");
  if (plan.toneMap) {
    steps.push(`scale=${size}:${bicubic}`, ...toneMap, "format=yuv420p");
  } else if (plan.wideGamut) {
    steps.push(`scale=${size}:${bicubic}`, fromWideGamut(plan, plan.wideGamut), "format=yuv420p");
  } else if (plan.isPlain) {
    // Nothing to convert: what has the right size already is passed on as it is, and not copied.
    steps.push("setparams=range=tv:colorspace=bt709", `scale=${size}:${bicubic}`);
  } else {
    const from =
      plan.matrix === "rgb" ? "" : `:in_color_matrix=${plan.matrix === "bt601" ? "bt601" : plan.matrix}`;
    steps.push(`scale=${size}:${bicubic}${from}:out_color_matrix=bt709:out_range=tv`, "format=yuv420p");
  }
  if (plan.lut) steps.push(`lut3d=file=${paths.lutFile}:interp=tetrahedral`, "format=yuv420p");
  if (plan.watermark) steps.push(watermark(first, paths));
  steps.push("setsar=1");
  if (plan.encode === "cuda") steps.push("format=nv12", "hwupload_cuda");
  return steps;
}

/** HDR to SDR: linear light, primaries, mobius curve. The source's own tags say what it is. */
const toneMap = [
  "zscale=t=linear:npl=100",
  "format=gbrpf32le",
  "zscale=p=bt709",
  "tonemap=tonemap=mobius:desat=0",
  "zscale=t=bt709:m=bt709:r=tv",
];

/** Wide primaries shown as if they were ours look pale. */
function fromWideGamut({ matrix, fullRange }: PicturePlan, primaries: string): string {
  const from = { bt709: "bt709", bt601: "smpte170m", bt2020: "bt2020nc", rgb: "gbr" }[matrix];
  const range = fullRange || matrix === "rgb" ? "pc" : "tv";
  return `zscale=pin=${primaries}:tin=bt709:min=${from}:rin=${range}:p=bt709:t=bt709:m=bt709:r=tv`;
}

function prepareOnGpu(plan: PicturePlan, first: { width: number; height: number }): string[] {
  const size = `${first.width}:${first.height}`;
  const thinned =
    plan.timing.mode === "thinned" ? [`fps=${plan.timing.rate.num}/${plan.timing.rate.den}`] : [];
  if (plan.toneMap) {
    return [
      ...thinned,
      ...[`scale_cuda=${size}:format=p010le:passthrough=0`, "hwdownload", "format=p010le", ...toneMap],
      ...(plan.encode === "cuda"
        ? ["format=nv12", "setsar=1", "hwupload_cuda"]
        : ["format=yuv420p", "setsar=1"]),
    ];
  }
  const scaled = [...thinned, `scale_cuda=${size}:format=nv12:passthrough=0`];
  if (plan.encode === "cuda") return [...scaled, "setsar=1"];
  return [...scaled, "hwdownload", "format=nv12", "format=yuv420p", "setsar=1"];
}

function watermark(first: { height: number }, paths: Paths): string {
  const font = paths.fontFile ? `fontfile=${paths.fontFile}:` : "";
  const size = Math.max(10, Math.round(first.height / 24));
  // The text comes from a file and is not expanded: nothing in it is syntax.
  return `drawtext=${font}textfile=${paths.watermarkFile}:expansion=none:fontsize=${size}:fontcolor=white@0.6:borderw=${Math.max(1, Math.round(size / 16))}:bordercolor=black@0.5:x=(w-text_w)/2:y=h-text_h-h/20`;
}

type Chain = (plan: PicturePlan, head: string) => string;

const cpuChain: Chain = (plan, head) => {
  const { storyboard: board } = plan;
  const tile = `fps=${board.every.num}/${board.every.den}:round=up,scale=${board.width}:${board.height}:${bicubic},tile=${board.columns}x${board.rows}`;
  return chained(plan, head, (rung) => `scale=${rung.width}:${rung.height}:${bicubic},setsar=1`, tile);
};

const cudaChain: Chain = (plan, head) => {
  const { storyboard: board } = plan;
  const tile = `fps=${board.every.num}/${board.every.den}:round=up,scale_cuda=${board.width}:${board.height}:passthrough=0,hwdownload,format=nv12,tile=${board.columns}x${board.rows}`;
  return chained(
    plan,
    head,
    (rung) => `scale_cuda=${rung.width}:${rung.height}:passthrough=0,setsar=1`,
    tile,
  );
};

function chained(
  plan: PicturePlan,
  head: string,
  scale: (rung: { width: number; height: number }) => string,
  tile: string,
): string {
  const links = plan.rungs.map((rung, order) => {
    const from = order === 0 ? head : `[c${order - 1}]${scale(rung)}`;
    return `${from},split=2[${rung.name}][c${order}]`;
  });
  return [...links, `[c${plan.rungs.length - 1}]${tile}[th]`].join(";");
}
