interface Cue {
  start: number;
  end: number;
  settings: string;
  text: string;
}

const SEGMENT_SECONDS = 60;

function seconds(text: string): number {
  const parts = text.split(":").map(Number);
  return parts.reduce((sum, part) => sum * 60 + part, 0);
}

/** Reads the cues of a WebVTT file, `earlier` by some seconds; whatever is no cue is left out. */
export function readCues(vtt: string, earlier = 0): Cue[] {
  const line = /^((?:\d+:)?\d\d:\d\d\.\d{3})\s+-->\s+((?:\d+:)?\d\d:\d\d\.\d{3})(.*)$/;
  return vtt
    .replace(/\r\n?/g, "\n")
    .split(/\n{2,}/)
    .flatMap((block) => {
      const lines = block.split("\n");
      const at = lines.findIndex((text) => line.test(text));
      const [, start, end, settings] = line.exec(lines[at] ?? "") ?? [];
      if (start === undefined || end === undefined) return [];
      return [
        {
          start: Math.max(0, seconds(start) - earlier),
          end: Math.max(0, seconds(end) - earlier),
          settings: settings ?? "",
          text: lines
            .slice(at + 1)
            .join("\n")
            .trim(),
        },
      ];
    });
}

function timestamp(value: number): string {
  const ms = Math.max(0, Math.round(value * 1000));
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(Math.floor(ms / 3_600_000))}:${two(Math.floor(ms / 60_000) % 60)}:${two(Math.floor(ms / 1000) % 60)}.${String(ms % 1000).padStart(3, "0")}`;
}

/**
 * Cuts cues into WebVTT segments. A cue stands in every segment it touches, with its full times (RFC 8216 3.5); the
 * timestamp map says that the text and the picture count from the same zero.
 */
export function captionSegments(cues: Cue[], durationSeconds: number): { seconds: number; text: string }[] {
  const count = Math.max(1, Math.ceil(durationSeconds / SEGMENT_SECONDS - 1e-9));
  return Array.from({ length: count }, (_, order) => {
    const from = order * SEGMENT_SECONDS;
    const to = Math.min(durationSeconds, from + SEGMENT_SECONDS);
    const inside = cues.filter((cue) => cue.text !== "" && cue.start < to && cue.end > from);
    const blocks = inside.map(
      (cue) => `${timestamp(cue.start)} --> ${timestamp(cue.end)}${cue.settings}\n${cue.text}\n`,
    );
    const head = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n";
    return { seconds: to - from, text: [head, ...blocks].join("\n") };
  });
}
