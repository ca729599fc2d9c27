/**
 * The one frame model of the house: player, comments, drawings and exporters all count with these functions.
 * Pure, and free of imports so that the site can use it as it is.
 */
export interface FrameModel {
  /** Frames per second as a ratio: 30000/1001. For variable rate, the nominal rate timecode counts in. */
  rate: { num: number; den: number };
  /** How many frames there are; the last one is `frames - 1`. */
  frames: number;
  /** Timecode of frame 0, `HH:MM:SS:FF`. */
  startTimecode: string;
  dropFrame: boolean;
  variable: boolean;
  /** Variable rate: the presentation time of every frame in seconds, rising. */
  pts: readonly number[] | null;
}

/** What the probe knows of a clip, as far as counting needs it. */
export interface Countable {
  kind: "video" | "audio" | "image";
  durationSeconds: number;
  rate: { num: number; den: number } | null;
  frames: number | null;
  startTimecode: string;
  dropFrame: boolean;
  variable: boolean;
  pts: readonly number[] | null;
}

/** A text that is no position in the clip. The message says why, for the person who typed it. */
export class TimecodeError extends Error {
  override name = "TimecodeError";
}

/** A time this much of a frame before its boundary already belongs to the next one: players and containers round. */
const TOLERANCE = 0.1;
/** Sound has no frames of its own; it is counted in 25ths of a second. A still is its only frame. */
export const soundRate = { num: 25, den: 1 };

/** The frame model of anything that can be reviewed, sound and stills included. */
export function frameModelOf(media: Countable): FrameModel {
  const rate = media.rate ?? soundRate;
  const counted = Math.max(1, Math.round((media.durationSeconds * rate.num) / rate.den));
  return {
    rate,
    frames: media.kind === "image" ? 1 : Math.max(1, media.frames ?? media.pts?.length ?? counted),
    startTimecode: media.startTimecode,
    dropFrame: media.dropFrame && canDrop(rate),
    variable: media.variable && media.pts !== null,
    pts: media.pts,
  };
}

/** How many frames timecode counts in a second: 30 for 29.97, 24 for 23.976. */
export function nominalRate(rate: FrameModel["rate"]): number {
  return Math.max(1, Math.round(rate.num / rate.den));
}

/** Drop-frame exists for the NTSC rates on a base of 30 only (SMPTE ST 12-1; 59.94 and 119.88 scale it). */
export function canDrop(rate: FrameModel["rate"]): boolean {
  return nominalRate(rate) % 30 === 0 && rate.num * 1001 === nominalRate(rate) * 1000 * rate.den;
}

/** Timecode numbers left out at the start of each minute that is no tenth: 2 at 29.97, 4 at 59.94. */
function dropped(model: Pick<FrameModel, "rate" | "dropFrame">): number {
  return model.dropFrame ? nominalRate(model.rate) / 15 : 0;
}

function framesPerDay(model: Pick<FrameModel, "rate" | "dropFrame">): number {
  return 1440 * 60 * nominalRate(model.rate) - 24 * 54 * dropped(model);
}

/** Writes a count of frames since midnight as timecode; `;` before the frames when drop-frame. Wraps after 24 hours. */
export function formatTimecode(count: number, model: Pick<FrameModel, "rate" | "dropFrame">): string {
  const fps = nominalRate(model.rate);
  const drop = dropped(model);
  const day = framesPerDay(model);
  let n = ((count % day) + day) % day;
  if (drop > 0) {
    const perMinute = 60 * fps - drop;
    const perTen = 10 * perMinute + drop;
    const inTen = n % perTen;
    n += 9 * drop * Math.floor(n / perTen);
    // The first minute of ten is whole, so it ends `drop` frames later than the others.
    if (inTen >= 60 * fps) n += drop * (1 + Math.floor((inTen - 60 * fps) / perMinute));
  }
  const two = (value: number) => String(value).padStart(2, "0");
  const seconds = Math.floor(n / fps);
  const ff = String(n % fps).padStart(fps > 100 ? 3 : 2, "0");
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${clock}${drop > 0 ? ";" : ":"}${ff}`;
}

/**
 * Frames since midnight of a timecode; fields left out in front are zero (`1:02` is one second and two frames).
 * Throws when a field is too large, or when drop-frame leaves the number out.
 */
export function countTimecode(text: string, model: Pick<FrameModel, "rate" | "dropFrame">): number {
  const fields = text.trim().split(/[:;.,]/);
  if (fields.length < 2 || fields.length > 4 || !fields.every((field) => /^\d{1,3}$/.test(field)))
    throw new TimecodeError(`"${text}" is not a timecode. Write hours:minutes:seconds:frames.`);
  const [h, m, s, f] = [0, 0, 0, ...fields.map(Number)].slice(-4) as [number, number, number, number];
  const fps = nominalRate(model.rate);
  const drop = dropped(model);
  if (h > 23) throw new TimecodeError(`"${text}" has more than 23 hours.`);
  if (m > 59) throw new TimecodeError(`"${text}" has more than 59 minutes.`);
  if (s > 59) throw new TimecodeError(`"${text}" has more than 59 seconds.`);
  if (f >= fps) throw new TimecodeError(`"${text}" has frame ${f}, but a second has frames 0 to ${fps - 1}.`);
  const minutes = 60 * h + m;
  if (f < drop && s === 0 && minutes % 10 !== 0)
    throw new TimecodeError(`Drop-frame leaves "${text}" out; the minute starts at frame ${drop}.`);
  return (minutes * 60 + s) * fps + f - drop * (minutes - Math.floor(minutes / 10));
}

/** Frames since midnight of frame 0. A start timecode that cannot be read counts as midnight. */
export function startCount(model: Pick<FrameModel, "rate" | "dropFrame" | "startTimecode">): number {
  try {
    return countTimecode(model.startTimecode, model);
  } catch {
    return 0;
  }
}

/**
 * Where a frame lies on a timeline of constant rate, counted from the start of the clip. The frame itself, except
 * for variable rate, where its time decides.
 */
export function timelineFrame(model: FrameModel, frame: number): number {
  if (!model.variable || !model.pts) return frame;
  const { num, den } = model.rate;
  return Math.round(((frameToSeconds(model, frame) - (model.pts[0] ?? 0)) * num) / den);
}

/** `HH:MM:SS:FF` of a frame, start timecode included; `;` when drop-frame. */
export function frameToTimecode(model: FrameModel, frame: number): string {
  return formatTimecode(startCount(model) + timelineFrame(model, frame), model);
}

/**
 * The frame a person means. Accepts a timecode (`01:00:12:07`; before the start it counts from the start of the
 * clip), a short one counted from the start (`1:02` = 1 s 2 frames), a frame number (`37`), seconds (`12.5s`),
 * and any of these with a sign, relative to `current`. Throws TimecodeError, also outside of the clip.
 */
export function timecodeToFrame(model: FrameModel, text: string, current = 0): number {
  const trimmed = text.trim();
  const [, sign, rest = ""] = /^([+-]?)\s*(.*)$/s.exec(trimmed) ?? [];
  const frame = sign ? relative(model, rest, sign === "-" ? -1 : 1, current) : absolute(model, rest);
  if (frame < 0) throw new TimecodeError(`"${trimmed}" is before the first frame.`);
  if (frame >= model.frames)
    throw new TimecodeError(
      `"${trimmed}" is after the last frame, ${model.frames - 1} (${frameToTimecode(model, model.frames - 1)}).`,
    );
  return frame;
}

function relative(model: FrameModel, text: string, sign: 1 | -1, current: number): number {
  if (/^\d+$/.test(text)) return current + sign * Number(text);
  const seconds = /^(\d+(?:\.\d+)?)\s*s$/i.exec(text)?.[1];
  const { num, den } = model.rate;
  const by = seconds ? Math.round((Number(seconds) * num) / den) : countTimecode(text, model);
  return onTimeline(model, timelineFrame(model, current) + sign * by);
}

function absolute(model: FrameModel, text: string): number {
  if (text === "") throw new TimecodeError("Write a timecode, a frame number or seconds.");
  if (/^\d+$/.test(text)) return Number(text);
  const seconds = /^(\d+(?:\.\d+)?)\s*s$/i.exec(text)?.[1];
  if (seconds) {
    const end = frameToSeconds(model, model.frames);
    return Number(seconds) > end ? model.frames : secondsToFrame(model, Number(seconds));
  }
  const count = countTimecode(text, model);
  if (text.split(/[:;.,]/).length < 4) return onTimeline(model, count);
  const start = startCount(model);
  const day = framesPerDay(model);
  const length = timelineFrame(model, model.frames - 1) + 1;
  const sinceStart = (count - start + day) % day;
  if (sinceStart < length) return onTimeline(model, sinceStart);
  // Not in the clip as a timecode. Before the start it may be a running time, as in `00:00:12:07` of a clip from 01:00:00:00.
  return onTimeline(model, count < start ? count : sinceStart);
}

/** The frame shown at a position of the constant timeline; out of range answers as it is, for the caller to refuse. */
function onTimeline(model: FrameModel, position: number): number {
  if (!model.variable || !model.pts) return position;
  if (position < 0) return position;
  const last = timelineFrame(model, model.frames - 1);
  if (position > last) return model.frames + (position - last - 1);
  let low = 0;
  let high = model.frames - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timelineFrame(model, middle) < position) low = middle + 1;
    else high = middle;
  }
  return timelineFrame(model, low) > position ? low - 1 : low;
}

/** When a frame starts, in seconds of the preview. `model.frames` answers the end of the clip. */
export function frameToSeconds(model: FrameModel, frame: number): number {
  const { num, den } = model.rate;
  const { pts } = model;
  if (!model.variable || !pts || pts.length === 0) return (frame * den) / num;
  const last = pts.length - 1;
  if (frame <= last) return pts[Math.max(0, frame)] ?? 0;
  return (pts[last] ?? 0) + ((frame - last) * den) / num;
}

/** Where to seek so that exactly this frame shows: the middle of its time, away from both boundaries. */
export function seekSeconds(model: FrameModel, frame: number): number {
  return (frameToSeconds(model, frame) + frameToSeconds(model, frame + 1)) / 2;
}

/** The frame on screen at a time. Times that a player or container rounded down by up to a tenth of a frame are safe. */
export function secondsToFrame(model: FrameModel, seconds: number): number {
  const { num, den } = model.rate;
  const { pts } = model;
  if (!(seconds > 0)) return 0;
  if (!model.variable || !pts || pts.length === 0)
    return clamp(Math.floor((seconds * num) / den + TOLERANCE), model.frames);
  let low = 0;
  let high = pts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pts[middle] ?? 0) <= seconds) low = middle;
    else high = middle - 1;
  }
  const next = frameToSeconds(model, low + 1);
  const length = next - frameToSeconds(model, low);
  return clamp(next - seconds <= TOLERANCE * length ? low + 1 : low, model.frames);
}

/** The frame a decoder presents, from its presentation time (`requestVideoFrameCallback`'s mediaTime): the nearest one. */
export function presentedFrame(model: FrameModel, mediaTime: number): number {
  const frame = secondsToFrame(model, mediaTime);
  const here = Math.abs(frameToSeconds(model, frame) - mediaTime);
  const next = Math.abs(frameToSeconds(model, frame + 1) - mediaTime);
  return next < here ? clamp(frame + 1, model.frames) : frame;
}

/** Add it to a frame of `left` to get the frame of `right` with the same timecode; 0 where that would leave no common frame. */
export function frameOffset(left: FrameModel, right: FrameModel): number {
  if (nominalRate(left.rate) !== nominalRate(right.rate) || left.dropFrame !== right.dropFrame) return 0;
  const offset = startCount(left) - startCount(right);
  return offset <= -left.frames || offset >= right.frames ? 0 : offset;
}

/** The rate as people write it: `29.97 DF`, `23.976`, `25`. */
export function rateLabel(model: Pick<FrameModel, "rate" | "dropFrame" | "variable">): string {
  const value = model.rate.num / model.rate.den;
  const digits = nominalRate(model.rate) === 24 ? 3 : 2;
  const label = Number.isInteger(value) ? String(value) : String(Number(value.toFixed(digits)));
  return `${label}${model.dropFrame ? " DF" : ""}${model.variable ? " VFR" : ""}`;
}

function clamp(frame: number, frames: number): number {
  return Math.min(Math.max(0, frame), Math.max(0, frames - 1));
}
