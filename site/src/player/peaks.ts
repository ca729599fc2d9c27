/** Loudest and quietest sample per step of time, -1..1, min and max alternating. */
export interface Peaks {
  perSecond: number;
  pairs: Float32Array;
}

interface PeaksFile {
  sample_rate: number;
  samples_per_pixel: number;
  bits: number;
  channels: number;
  data: number[];
}

/** Reads audiowaveform's JSON; several channels are folded into one. */
export function readPeaks(file: PeaksFile): Peaks {
  const scale = file.bits === 8 ? 128 : 32768;
  const channels = Math.max(1, file.channels);
  const length = Math.floor(file.data.length / 2 / channels);
  const pairs = new Float32Array(length * 2);
  for (let i = 0; i < length; i++)
    for (let c = 0; c < channels; c++) {
      const at = (i * channels + c) * 2;
      pairs[2 * i] = Math.min(pairs[2 * i] ?? 0, (file.data[at] ?? 0) / scale);
      pairs[2 * i + 1] = Math.max(pairs[2 * i + 1] ?? 0, (file.data[at + 1] ?? 0) / scale);
    }
  return { perSecond: file.sample_rate / file.samples_per_pixel, pairs };
}

export async function peaksOf(url: string | null | undefined): Promise<Peaks | undefined> {
  if (!url) return undefined;
  const response = await fetch(url).catch(() => undefined);
  return response?.ok ? readPeaks((await response.json()) as PeaksFile) : undefined;
}

/** Speech at -20 dB is a third of the height: painted as it is, it would be a line beside any bang. */
const shown = (sample: number) => Math.sign(sample) * Math.sqrt(Math.abs(sample));

/** Paints the waveform of `seconds` from the start over the whole width, in device pixels. */
export function paintPeaks(
  context: CanvasRenderingContext2D,
  peaks: Peaks,
  box: { width: number; top: number; height: number; seconds: number; color: string },
): void {
  const middle = box.top + box.height / 2;
  const perPixel = (peaks.perSecond * box.seconds) / box.width;
  context.fillStyle = box.color;
  for (let x = 0; x < box.width; x++) {
    const from = Math.floor(x * perPixel);
    const to = Math.max(from + 1, Math.floor((x + 1) * perPixel));
    let low = 0;
    let high = 0;
    for (let i = from; i < to && 2 * i + 1 < peaks.pairs.length; i++) {
      low = Math.min(low, peaks.pairs[2 * i] ?? 0);
      high = Math.max(high, peaks.pairs[2 * i + 1] ?? 0);
    }
    const height = Math.max(1, ((shown(high) - shown(low)) / 2) * box.height);
    context.fillRect(x, middle - (shown(high) * box.height) / 2, 1, height);
  }
}
