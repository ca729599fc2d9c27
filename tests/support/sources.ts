import type { Picture, Sound, Source } from "#gpu/source.ts";

/** A picture as ffprobe would describe a plain 1080p25 H.264 file. */
export const picture = (change: Partial<Picture> = {}): Picture => ({
  index: 0,
  codec: "h264",
  profile: "High",
  pixelFormat: "yuv420p",
  bitDepth: 8,
  chroma: "420",
  codedWidth: 1920,
  codedHeight: 1080,
  width: 1920,
  height: 1080,
  rotation: 0,
  isSquare: true,
  rate: { num: 25, den: 1 },
  looksVariable: false,
  frames: 250,
  seconds: 10,
  interlaced: false,
  hasAlpha: false,
  transfer: "sdr",
  matrix: "bt709",
  fullRange: false,
  lateSeconds: 0,
  hasPreRoll: false,
  level: 40,
  bitRate: 5_000_000,
  ...change,
});

export const sound = (change: Partial<Sound> = {}): Sound => ({
  index: 1,
  codec: "aac",
  profile: "LC",
  channels: 2,
  layout: "stereo",
  sampleRate: 48_000,
  seconds: 10,
  language: null,
  title: null,
  isDefault: true,
  ...change,
});

export const source = (change: Partial<Source> = {}): Source => ({
  kind: "video",
  container: "mov",
  durationSeconds: 10,
  picture: picture(),
  pictures: 1,
  sound: [sound()],
  captions: [],
  startTimecode: null,
  bitRate: 5_200_000,
  ...change,
});
