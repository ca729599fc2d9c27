/** What a command tells: people on stderr, machines one JSON object per line on stdout. */
export interface Report {
  /** A result, or something that happened. */
  line(words: string, data: Record<string, unknown>): void;
  /** The same for what did not work: said even when nothing else is. */
  fault(words: string, data: Record<string, unknown>): void;
  /** Where a file stands; drawn as a bar on a terminal, at most a few times a second. */
  progress(file: string, done: number, total: number): void;
  /** The bar gives way to whatever comes next. */
  clear(): void;
}

const BAR = 24;
const EVERY_MS = 150;

export function openReport({ isJson, isQuiet }: { isJson: boolean; isQuiet: boolean }): Report {
  const isTerminal = process.stderr.isTTY === true && !isQuiet && !isJson;
  const started = new Map<string, { at: number; from: number }>();
  let shownAt = 0;
  const clear = () => {
    if (isTerminal) process.stderr.write("\r\x1b[2K");
  };
  const say = (words: string, data: Record<string, unknown>, isSaid: boolean) => {
    clear();
    if (isJson) process.stdout.write(`${JSON.stringify(data)}\n`);
    else if (isSaid) process.stderr.write(`${printable(words)}\n`);
  };
  return {
    line: (words, data) => say(words, data, !isQuiet),
    fault: (words, data) => say(words, data, true),
    progress(file, done, total) {
      const now = performance.now();
      const from = started.get(file) ?? { at: now, from: done };
      started.set(file, from);
      if (!isTerminal || (now - shownAt < EVERY_MS && done < total)) return;
      shownAt = now;
      const perSecond = ((done - from.from) / Math.max(1, now - from.at)) * 1000;
      const left = perSecond > 0 ? (total - done) / perSecond : Number.NaN;
      const filled = total > 0 ? Math.round((done / total) * BAR) : BAR;
      const bar = "█".repeat(filled) + "░".repeat(BAR - filled);
      const columns = process.stderr.columns ?? 80;
      const text = `${bar} ${String(Math.floor((done / Math.max(1, total)) * 100)).padStart(3)} %  ${bytesText(perSecond)}/s  ${timeText(left)}  ${printable(file)}`;
      process.stderr.write(`\r\x1b[2K${[...text].slice(0, columns - 1).join("")}`);
    },
    clear,
  };
}

/** Names of files may hold anything; a terminal must not obey it. Line breaks of ours stay. */
const printable = (text: string) =>
  text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (char) => (char === "\n" ? char : "\ufffd"));

/** 1536 -> `1.5 KB`. Powers of 1000, as disks are sold. */
export function bytesText(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = Number.isFinite(bytes) ? bytes : 0;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `3:07 left`; nothing while it is not known. */
export function timeText(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  const tail = String(whole % 60).padStart(2, "0");
  return hours > 0
    ? `${hours}:${String(minutes % 60).padStart(2, "0")}:${tail} left`
    : `${minutes}:${tail} left`;
}
