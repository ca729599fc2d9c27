import { PACKET, type RenditionPlan, type SoundPlan } from "./sound-plan.ts";

/** The filters of the sound: even clock from 0, loudness and peaks off the measured rendition. Pure. */
export function soundGraph(plan: SoundPlan): string {
  return plan.renditions
    .flatMap((rendition, order) => {
      const head = `${joined(rendition)}${clock(plan)}`;
      const tail = `${level(plan)}aformat=channel_layouts=stereo,${unprimed}[${rendition.name}]`;
      if (order !== plan.measured) return [`${head},${tail}`];
      return [
        `${head},asplit=2[m${order}][w${order}]`,
        `[m${order}]ebur128=peak=true:framelog=verbose,${tail}`,
        `[w${order}]aformat=sample_fmts=s16:channel_layouts=mono[pcm]`,
      ];
    })
    .join(";");
}

function joined(rendition: RenditionPlan): string {
  const inputs = rendition.from.map((index) => `[0:${index}]`).join("");
  if (rendition.unnamed !== null) return `${inputs}${inTurn(rendition.unnamed)},`;
  return rendition.from.length === 2 ? `${inputs}amerge=inputs=2,aformat=channel_layouts=stereo,` : inputs;
}

function inTurn(channels: number): string {
  const every = (first: number) =>
    Array.from({ length: Math.ceil((channels - first) / 2) }, (_, i) => `c${first + 2 * i}`).join("+");
  return `pan=stereo|c0<${every(0)}|c1<${every(1)}`;
}

function clock(plan: SoundPlan): string {
  const shift = plan.shiftSeconds > 0 ? `asetpts=PTS-${plan.shiftSeconds.toFixed(6)}/TB,` : "";
  // Picture and sound cover the same time (Apple 8.3): shorter sound goes on as silence, a few packets more are cut.
  // Sound alone is at least two packets long: the encoder swallows the first.
  const pad = `,apad=whole_len=${plan.samples ?? 2 * PACKET}`;
  const cut = plan.samples === null || plan.isLonger ? "" : `,atrim=end_sample=${plan.samples}`;
  return `${shift}aresample=48000:async=1:first_pts=0${pad}${cut}`;
}

function level(plan: SoundPlan): string {
  switch (plan.level.mode) {
    case "as-is":
      return "";
    case "gain":
      return `volume=${plan.level.decibels}dB,alimiter=limit=0.89:level=0,`;
    case "dynamic":
      return `loudnorm=I=${plan.level.lufs}:TP=-1:LRA=11,aresample=48000,`;
  }
}

/** The encoder puts 1024 samples in front; taking as many away keeps sound and picture together. */
const unprimed = "atrim=start_sample=1024,asetpts=PTS-STARTPTS";
