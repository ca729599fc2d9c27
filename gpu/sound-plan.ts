import type { Choices } from "./plan.ts";
import type { Sound, Source } from "./source.ts";

export interface RenditionPlan {
  name: string;
  /** Stream indexes; two mono tracks make one stereo rendition. */
  from: number[];
  /** Channels whose places nobody named, more than any usual layout has: they go left and right in turn. */
  unnamed: number | null;
  label: string;
  /** BCP 47, or null. */
  language: string | null;
  isDefault: boolean;
}

export interface SoundPlan {
  renditions: RenditionPlan[];
  /** The rendition that peaks and loudness are taken from. */
  measured: number;
  /** Seconds by which the sound moves earlier, so that it stays with the picture. */
  shiftSeconds: number;
  /** Length that every rendition is brought to, in samples of 48 kHz: that of the picture, when it is known. */
  samples: number | null;
  /** The sound goes on for more than a second after the picture: it is not cut. */
  isLonger: boolean;
  level: { mode: "as-is" } | { mode: "gain"; decibels: number } | { mode: "dynamic"; lufs: number };
}

/** What is made of the soundtracks: every one selectable, loose mono tracks joined in pairs. Pure. */
export function soundPlan(
  source: Source,
  shiftSeconds: number,
  choices: Choices,
  warnings: string[],
): SoundPlan | null {
  if (source.sound.length === 0 || source.kind === "image") return null;
  const all = areLooseMono(source.sound)
    ? pairs(source.sound)
    : source.sound.map((sound, order) => single(sound, order, source.sound.length));
  if (all.length > choices.maxSoundtracks) {
    warnings.push(`Of ${all.length} soundtracks the first ${choices.maxSoundtracks} are in the preview.`);
  }
  const kept = all.slice(0, choices.maxSoundtracks);
  const marked = kept.findIndex((rendition) => rendition.isDefault);
  const measured = Math.max(0, marked);
  const renditions = kept.map((rendition, order) => ({
    ...rendition,
    name: `a${order}`,
    label: unique(
      rendition.label,
      kept.slice(0, order).map((other) => other.label),
    ),
    isDefault: order === measured,
  }));
  return {
    renditions,
    measured,
    shiftSeconds,
    samples: wholePackets(source.picture?.seconds ?? null),
    isLonger: isLonger(source),
    level: levelOf(choices),
  };
}

/** Samples of one AAC packet. */
export const PACKET = 1024;

/** As many whole packets as the picture lasts: a packet beyond its end would be a segment of its own, and hls.js waits for it. */
function wholePackets(seconds: number | null): number | null {
  return seconds === null ? null : Math.max(2, Math.floor((seconds * 48_000) / PACKET)) * PACKET;
}

function isLonger({ picture, sound }: Source): boolean {
  return sound.some(
    ({ seconds }) => seconds !== null && seconds > (picture?.seconds ?? Number.POSITIVE_INFINITY) + 1,
  );
}

function levelOf(choices: Choices): SoundPlan["level"] {
  const target = choices.recipe.loudness;
  if (target === undefined) return { mode: "as-is" };
  if (choices.knownLufs === undefined || choices.knownLufs === null) return { mode: "dynamic", lufs: target };
  return { mode: "gain", decibels: Math.round((target - choices.knownLufs) * 10) / 10 };
}

/** Cameras and mixes that deliver one channel per track: two or more, none named by language. */
function areLooseMono(sound: Sound[]): boolean {
  return (
    sound.length >= 2 &&
    sound.every((track) => track.channels === 1 && track.language === null && track.title === null)
  );
}

function pairs(sound: Sound[]): Omit<RenditionPlan, "name">[] {
  const made: Omit<RenditionPlan, "name">[] = [];
  for (let at = 0; at < sound.length; at += 2) {
    const two = sound.slice(at, at + 2);
    made.push({
      from: two.map((track) => track.index),
      unnamed: null,
      label: two.length === 2 ? `Tracks ${at + 1} and ${at + 2}` : `Track ${at + 1}`,
      language: null,
      isDefault: at === 0,
    });
  }
  return made;
}

function single(track: Sound, order: number, count: number): Omit<RenditionPlan, "name"> {
  const label = nameOf(track, count === 1 ? "Sound" : `Track ${order + 1}`);
  const isNamed = track.channels <= 8 || (track.layout !== null && track.layout !== "unknown");
  return {
    from: [track.index],
    unnamed: isNamed ? null : track.channels,
    label,
    language: bcp47(track.language),
    isDefault: track.isDefault,
  };
}

/** What a player's menu calls a track: its title, its language in words, or what is left. */
export function nameOf(track: { title: string | null; language: string | null }, otherwise: string): string {
  const language = bcp47(track.language);
  const label = track.title ?? (language ? languageName(language) : null) ?? otherwise;
  return label.replace(/["\r\n]/g, " ").slice(0, 80);
}

/** The bibliographic codes of ISO 639-2 that differ from the terminological ones. */
const bibliographic: Record<string, string> = {
  alb: "sq",
  arm: "hy",
  baq: "eu",
  bur: "my",
  chi: "zh",
  cze: "cs",
  dut: "nl",
  fre: "fr",
  geo: "ka",
  ger: "de",
  gre: "el",
  ice: "is",
  mac: "mk",
  mao: "mi",
  may: "ms",
  per: "fa",
  rum: "ro",
  slo: "sk",
  tib: "bo",
  wel: "cy",
};

/** `fra` -> `fr`: HLS wants the shortest tag of RFC 5646. Null for what is no language. */
export function bcp47(language: string | null): string | null {
  if (!language) return null;
  try {
    return Intl.getCanonicalLocales(bibliographic[language] ?? language)[0] ?? null;
  } catch {
    return null;
  }
}

function languageName(tag: string): string | null {
  return new Intl.DisplayNames(["en"], { type: "language", fallback: "none" }).of(tag) ?? null;
}

function unique(label: string, taken: string[]): string {
  if (!taken.includes(label)) return label;
  return `${label} (${taken.filter((other) => other === label).length + 1})`;
}
