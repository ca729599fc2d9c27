import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Preview, Rung } from "#core/previews/preview.ts";
import { captionSegments, readCues } from "./captions.ts";
import type { Encoded } from "./encode.ts";
import type { GrowingStream } from "./ladder-watch.ts";
import type { Plan } from "./plan.ts";
import { captionPlaylist, iFramePlaylist, type MasterPlaylist, masterPlaylist, measure } from "./playlist.ts";
import { type PreviewFolder, playlistOf } from "./publish.ts";
import type { Scratch } from "./scratch.ts";
import { storyboardVtt } from "./storyboard.ts";

type Captions = { name: string; label: string; language: string | null };

const AUDIO_BITS = 128_000;

/** The master of a ladder that is still growing: ceilings instead of measurements. */
export function growingMaster(plan: Plan, streams: GrowingStream[]): { text: string; rungs: Rung[] } {
  const rungs = (plan.picture?.rungs ?? []).map((rung) => ({
    name: rung.name,
    width: rung.width,
    height: rung.height,
    bandwidth: rung.maxRate * 1000,
    averageBandwidth: null,
    codecs: trackOf(streams, rung.name).codec,
  }));
  return { text: masterPlaylist(described(plan, streams, rungs, () => null, [])), rungs };
}

function trackOf(streams: GrowingStream[], name: string) {
  const track = streams.find((stream) => stream.name === name)?.track;
  if (!track) throw new Error(`the stream ${name} has no init segment`);
  return track;
}

function described(
  plan: Plan,
  streams: GrowingStream[],
  rungs: Rung[],
  measured: (name: string) => { peak: number; average: number } | null,
  captions: Captions[],
): MasterPlaylist {
  const rate = plan.picture?.timing.rate;
  return {
    variants: rungs.map((rung) => ({
      uri: `${rung.name}.m3u8`,
      bandwidth: rung.bandwidth,
      averageBandwidth: rung.averageBandwidth,
      codecs: [rung.codecs],
      width: rung.width,
      height: rung.height,
      frameRate: rate ? rate.num / rate.den : 0,
    })),
    iFrames: [],
    audio: (plan.sound?.renditions ?? []).map((rendition) => ({
      uri: `${rendition.name}.m3u8`,
      label: rendition.label,
      language: rendition.language,
      isDefault: rendition.isDefault,
      codec: trackOf(streams, rendition.name).codec,
      bandwidth: measured(rendition.name)?.peak ?? AUDIO_BITS,
      averageBandwidth: measured(rendition.name)?.average ?? null,
    })),
    captions: captions.map(({ name, label, language }) => ({ uri: `${name}.m3u8`, label, language })),
  };
}

/** Uploads everything that belongs to a finished ladder; the master playlist last. */
export async function finishLadder(
  plan: Plan,
  encoded: Encoded,
  scratch: Scratch,
  folder: PreviewFolder,
): Promise<Pick<Preview, "master" | "storyboard" | "peaks" | "rungs" | "audio" | "subtitles">> {
  const { streams } = encoded;
  const pictureSeconds = streams[0]?.seconds ?? 0;
  const [storyboard, peaks, captions] = await Promise.all([
    putStoryboard(plan, pictureSeconds, scratch, folder),
    putPeaks(encoded, folder),
    putCaptions(plan, pictureSeconds, scratch, folder),
  ]);
  const target = Math.max(
    ...streams.flatMap((stream) => stream.segments.map((segment) => Math.round(segment.seconds))),
    1,
  );
  const measured = new Map(streams.map((stream) => [stream.name, measure(stream.segments, target)]));
  await Promise.all(
    streams.map((stream) => folder.put(`${stream.name}.m3u8`, playlistOf(stream, target, true))),
  );
  const rungs = (plan.picture?.rungs ?? []).map((rung) => ({
    name: rung.name,
    width: rung.width,
    height: rung.height,
    bandwidth: measured.get(rung.name)?.peak ?? 1,
    averageBandwidth: measured.get(rung.name)?.average ?? null,
    codecs: trackOf(streams, rung.name).codec,
  }));
  const master = described(plan, streams, rungs, (name) => measured.get(name) ?? null, captions);
  master.iFrames = await putIFrames(streams, rungs, target, folder);
  await folder.put("master.m3u8", masterPlaylist(master));
  return {
    master: "master.m3u8",
    storyboard,
    peaks,
    rungs,
    audio: (plan.sound?.renditions ?? []).map(({ name, label, language, isDefault }) => ({
      name,
      label,
      language,
      isDefault,
    })),
    subtitles: captions,
  };
}

async function putIFrames(
  streams: GrowingStream[],
  rungs: Rung[],
  target: number,
  folder: PreviewFolder,
): Promise<MasterPlaylist["iFrames"]> {
  return Promise.all(
    rungs.map(async (rung) => {
      const segments = streams.find((stream) => stream.name === rung.name)?.segments ?? [];
      const uri = `${rung.name}_iframes.m3u8`;
      await folder.put(
        uri,
        iFramePlaylist({ init: `init_${rung.name}.mp4`, segments, targetSeconds: target, isComplete: true }),
      );
      const frames = segments.flatMap((segment) =>
        segment.keyFrame ? [{ ...segment, bytes: segment.keyFrame.length }] : [],
      );
      const bits = measure(frames, target);
      return {
        uri,
        bandwidth: bits.peak,
        averageBandwidth: bits.average,
        codecs: [rung.codecs],
        width: rung.width,
        height: rung.height,
      };
    }),
  );
}

async function putStoryboard(
  plan: Plan,
  seconds: number,
  scratch: Scratch,
  folder: PreviewFolder,
): Promise<string | null> {
  if (!plan.picture) return null;
  const sheets = (await readdir(scratch.out)).filter((name) => /^sprite_\d{3}\.jpg$/.test(name)).sort();
  if (sheets.length === 0) return null;
  for (const name of sheets) await folder.put(name, await readFile(join(scratch.out, name)));
  await folder.put("storyboard.vtt", storyboardVtt(plan.picture.storyboard, seconds, sheets.length));
  return "storyboard.vtt";
}

async function putPeaks(encoded: Encoded, folder: PreviewFolder): Promise<string | null> {
  if (!encoded.peaks) return null;
  await folder.put("peaks.dat", encoded.peaks.dat());
  await folder.put("peaks.json", encoded.peaks.json());
  return "peaks.json";
}

async function putCaptions(
  plan: Plan,
  seconds: number,
  scratch: Scratch,
  folder: PreviewFolder,
): Promise<Captions[]> {
  const kept: Captions[] = [];
  for (const captions of plan.captions) {
    // ffmpeg writes no file for a track without words.
    const text = await readFile(join(scratch.work, `${captions.name}.vtt`), "utf8").catch(() => "");
    // Picture and sound were moved to where the picture starts; words go with them.
    const cues = readCues(text, plan.picture?.shiftSeconds);
    if (cues.length === 0) continue;
    const segments = captionSegments(cues, seconds);
    const named = segments.map((segment, order) => ({
      ...segment,
      uri: `${captions.name}_${String(order).padStart(5, "0")}.vtt`,
    }));
    for (const segment of named) await folder.put(segment.uri, segment.text);
    await folder.put(`${captions.name}.m3u8`, captionPlaylist(named));
    kept.push({ name: captions.name, label: captions.label, language: captions.language });
  }
  return kept;
}
