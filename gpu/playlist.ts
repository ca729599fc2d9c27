/** HLS playlists (RFC 8216 and Apple's authoring specification), written by us: ffmpeg's own understate the peaks. */

export interface Segment {
  uri: string;
  seconds: number;
  bytes: number;
  /** Byte range of the fragment's head and its first frame, an IDR: all that a scrubbing player needs. Null for sound. */
  keyFrame: { at: number; length: number } | null;
}

export interface MediaPlaylist {
  init: string;
  segments: Segment[];
  /** Seconds, a whole number; the same for every playlist of a preview. */
  targetSeconds: number;
  isComplete: boolean;
}

const seconds = (value: number) => value.toFixed(6).replace(/0{1,3}$/, "");

/** A growing EVENT playlist, or a VOD one with ENDLIST. */
export function mediaPlaylist(list: MediaPlaylist): string {
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${list.targetSeconds}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    `#EXT-X-PLAYLIST-TYPE:${list.isComplete ? "VOD" : "EVENT"}`,
    "#EXT-X-INDEPENDENT-SEGMENTS",
    `#EXT-X-MAP:URI="${list.init}"`,
    ...list.segments.flatMap((segment) => [`#EXTINF:${seconds(segment.seconds)},`, segment.uri]),
    ...(list.isComplete ? ["#EXT-X-ENDLIST"] : []),
    "",
  ].join("\n");
}

/** What the segments of a media playlist last together. */
export function playlistSeconds(text: string): number {
  return [...text.matchAll(/^#EXTINF:([\d.]+)/gm)].reduce((sum, [, length]) => sum + Number(length), 0);
}

/** Key frames only, for scrubbing in native players. */
export function iFramePlaylist(list: MediaPlaylist): string {
  const frames = list.segments.flatMap(({ uri, seconds: length, keyFrame }) =>
    keyFrame ? [{ uri, length, at: keyFrame.at, bytes: keyFrame.length }] : [],
  );
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${list.targetSeconds}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    "#EXT-X-I-FRAMES-ONLY",
    `#EXT-X-MAP:URI="${list.init}"`,
    ...frames.flatMap((frame) => [
      `#EXTINF:${seconds(frame.length)},`,
      `#EXT-X-BYTERANGE:${frame.bytes}@${frame.at}`,
      frame.uri,
    ]),
    "#EXT-X-ENDLIST",
    "",
  ].join("\n");
}

/** One WebVTT file per stretch of time. */
export function captionPlaylist(segments: { uri: string; seconds: number }[]): string {
  const target = Math.max(1, ...segments.map((segment) => Math.round(segment.seconds)));
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${target}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    ...segments.flatMap((segment) => [`#EXTINF:${seconds(segment.seconds)},`, segment.uri]),
    "#EXT-X-ENDLIST",
    "",
  ].join("\n");
}

export interface Variant {
  uri: string;
  bandwidth: number;
  averageBandwidth: number | null;
  codecs: string[];
  width: number;
  height: number;
  frameRate: number;
}

export interface AudioRendition {
  uri: string;
  label: string;
  language: string | null;
  isDefault: boolean;
  codec: string;
  bandwidth: number;
  averageBandwidth: number | null;
}

export interface MasterPlaylist {
  variants: Variant[];
  iFrames: (Omit<Variant, "frameRate"> & { averageBandwidth: number })[];
  audio: AudioRendition[];
  captions: { uri: string; label: string; language: string | null }[];
}

const quoted = (text: string) => `"${text.replace(/["\r\n]/g, " ")}"`;

/** Players without a measurement start with the first variant: Apple asks for about two megabits (clause 1.32). */
function startingWithMiddle(variants: Variant[]): Variant[] {
  const away = (variant: Variant) => Math.abs((variant.averageBandwidth ?? variant.bandwidth) - 2_000_000);
  const first = variants.reduce<Variant | undefined>(
    (best, one) => (best && away(best) <= away(one) ? best : one),
    undefined,
  );
  return first ? [first, ...variants.filter((variant) => variant !== first)] : [];
}

/** The master playlist; clauses of Apple's authoring specification are checked in its test. */
export function masterPlaylist(master: MasterPlaylist): string {
  const audioPeak = Math.max(0, ...master.audio.map((rendition) => rendition.bandwidth));
  const audioAverage = Math.max(0, ...master.audio.map((rendition) => rendition.averageBandwidth ?? 0));
  const audioCodecs = [...new Set(master.audio.map((rendition) => rendition.codec))];
  const groups = [
    ...(master.audio.length > 0 && master.variants.length > 0 ? [`AUDIO="a"`] : []),
    ...(master.captions.length > 0 ? [`SUBTITLES="s"`] : []),
    ...(master.variants.length > 0 ? ["CLOSED-CAPTIONS=NONE"] : []),
  ];
  const variants = startingWithMiddle(master.variants).flatMap((variant) => [
    `#EXT-X-STREAM-INF:${[
      `BANDWIDTH=${variant.bandwidth + audioPeak}`,
      ...(variant.averageBandwidth === null
        ? []
        : [`AVERAGE-BANDWIDTH=${variant.averageBandwidth + audioAverage}`]),
      `CODECS=${quoted([...variant.codecs, ...audioCodecs].join(","))}`,
      `RESOLUTION=${variant.width}x${variant.height}`,
      `FRAME-RATE=${variant.frameRate.toFixed(3)}`,
      "VIDEO-RANGE=SDR",
      ...groups,
    ].join(",")}`,
    variant.uri,
  ]);
  const soundOnly = master.audio
    .filter(() => master.variants.length === 0)
    .flatMap((rendition) => [
      `#EXT-X-STREAM-INF:${[
        `BANDWIDTH=${rendition.bandwidth}`,
        ...(rendition.averageBandwidth === null ? [] : [`AVERAGE-BANDWIDTH=${rendition.averageBandwidth}`]),
        `CODECS=${quoted(rendition.codec)}`,
        `AUDIO="a"`,
      ].join(",")}`,
      rendition.uri,
    ])
    .slice(0, 2);
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    ...master.audio.map((rendition) => audioLine(rendition)),
    ...master.captions.map((captions) => captionLine(captions)),
    ...variants,
    ...soundOnly,
    ...master.iFrames.map((variant) => iFrameLine(variant)),
    "",
  ].join("\n");
}

function audioLine(rendition: AudioRendition): string {
  const attributes = [
    "TYPE=AUDIO",
    `GROUP-ID="a"`,
    `NAME=${quoted(rendition.label)}`,
    `LANGUAGE=${quoted(rendition.language ?? "und")}`,
    `DEFAULT=${rendition.isDefault ? "YES" : "NO"}`,
    "AUTOSELECT=YES",
    `CHANNELS="2"`,
    `URI=${quoted(rendition.uri)}`,
  ];
  return `#EXT-X-MEDIA:${attributes.join(",")}`;
}

function captionLine(captions: MasterPlaylist["captions"][number]): string {
  const attributes = [
    "TYPE=SUBTITLES",
    `GROUP-ID="s"`,
    `NAME=${quoted(captions.label)}`,
    `LANGUAGE=${quoted(captions.language ?? "und")}`,
    "DEFAULT=NO",
    "AUTOSELECT=YES",
    "FORCED=NO",
    `URI=${quoted(captions.uri)}`,
  ];
  return `#EXT-X-MEDIA:${attributes.join(",")}`;
}

function iFrameLine(variant: MasterPlaylist["iFrames"][number]): string {
  const attributes = [
    `BANDWIDTH=${variant.bandwidth}`,
    `AVERAGE-BANDWIDTH=${variant.averageBandwidth}`,
    `CODECS=${quoted(variant.codecs.join(","))}`,
    `RESOLUTION=${variant.width}x${variant.height}`,
    "VIDEO-RANGE=SDR",
    `URI=${quoted(variant.uri)}`,
  ];
  return `#EXT-X-I-FRAME-STREAM-INF:${attributes.join(",")}`;
}

/**
 * Peak and average bits per second of finished segments. The peak is the largest over any run of segments that lasts
 * between half and one and a half target durations (RFC 8216 4.1).
 */
export function measure(segments: Segment[], targetSeconds: number): { peak: number; average: number } {
  let peak = 0;
  for (let first = 0; first < segments.length; first++) {
    let bits = 0;
    let length = 0;
    for (let last = first; last < segments.length; last++) {
      const segment = segments[last];
      if (!segment) break;
      bits += segment.bytes * 8;
      length += segment.seconds;
      if (length > 1.5 * targetSeconds) break;
      if (length >= 0.5 * targetSeconds) peak = Math.max(peak, bits / length);
    }
  }
  const bits = segments.reduce((sum, segment) => sum + segment.bytes * 8, 0);
  const length = segments.reduce((sum, segment) => sum + segment.seconds, 0);
  const average = length > 0 ? bits / length : 0;
  return {
    peak: Math.max(1, Math.round(Math.max(peak, average))),
    average: Math.max(1, Math.round(average)),
  };
}
