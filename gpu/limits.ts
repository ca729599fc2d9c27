/**
 * What a file may be. Everything here is checked before a frame is decoded; ffmpeg additionally runs with
 * the lists below, so that a playlist or script dressed up as media cannot open anything else.
 */

/** Demuxers that read one file and never open another. No hls, dash, concat, image2, sdp, lavfi, tty. */
export const formats = [
  "aac",
  "ac3",
  "aiff",
  "amr",
  "apng",
  "asf",
  "avi",
  "bmp_pipe",
  "caf",
  "dpx_pipe",
  "dts",
  "dv",
  "eac3",
  "exr_pipe",
  "flac",
  "flv",
  "gif",
  "gxf",
  "h264",
  "hevc",
  "ivf",
  "j2k_pipe",
  "jpeg_pipe",
  "jpegxl_pipe",
  "m4v",
  "matroska",
  "mov",
  "mp3",
  "mp4",
  "mpeg",
  "mpegts",
  "mpegvideo",
  "mxf",
  "ogg",
  "pgm_pipe",
  "png_pipe",
  "ppm_pipe",
  "psd_pipe",
  "sgi_pipe",
  "tiff_pipe",
  "w64",
  "wav",
  "webm",
  "webp_pipe",
  "wv",
  "yuv4mpegpipe",
] as const;

/** Only the scratch file or the pipe, never a network. */
export const protocols = "file,pipe";

export const stillFormats: ReadonlySet<string> = new Set(formats.filter((name) => name.endsWith("_pipe")));

export interface Caps {
  /** Width times height of one coded picture. */
  pixels: number;
  durationSeconds: number;
  streams: number;
  /** Sound renditions built; further tracks are named in the warnings. */
  soundtracks: number;
  subtitles: number;
}

export const defaultCaps: Caps = {
  pixels: 150_000_000,
  durationSeconds: 36 * 3600,
  streams: 128,
  soundtracks: 16,
  subtitles: 16,
};

/** The fastest picture rate of a preview. Faster sources are thinned to it. */
export const MAX_RATE = 60;

/** Variable-rate sources with more frames than this get an even rate instead of a table of times. */
export const MAX_PTS_TABLE = 200_000;

/** Seconds a build may take: a fixed part, and as long as a slow machine needs per second of material. */
export function deadlineSeconds(durationSeconds: number, pixels: number): number {
  const weight = Math.max(1, pixels / (1920 * 1080));
  return Math.min(11 * 3600, Math.round(300 + durationSeconds * 12 * weight));
}
