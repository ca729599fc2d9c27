import { type Signal, signal } from "@preact/signals";
import type Hls from "hls.js";
import type { ErrorData, HlsConfig, LevelDetails } from "hls.js";
import type { Playback } from "../api/types.ts";
import { now } from "../ui/clock.ts";

export interface Rung {
  index: number;
  name: string;
  height: number;
}

/** One version's stream on one media element. */
export interface Stream {
  readonly rungs: Signal<readonly Rung[]>;
  /** The rung asked for; -1 leaves the choice to the bandwidth. */
  readonly chosen: Signal<number>;
  readonly shown: Signal<number>;
  /** What went wrong, in words; undefined while all is well. */
  readonly trouble: Signal<string | undefined>;
  choose(index: number): void;
  /** Goes on with another playlist of the same pictures where this one is: neither the play head nor playing change. */
  moveTo(playback: Playback): void;
  close(): void;
}

interface Options {
  /** Asks the API for fresh signed URLs. */
  renew: () => Promise<Playback | undefined>;
  startSeconds: number;
  /** The playlist grew to this many seconds; `complete` when it will not grow any more. */
  onLength: (seconds: number, complete: boolean) => void;
}

const tokenPart = /\/v\/[^/]+\//;
const renewEarlyMs = 60_000;
/** What is buffered further ahead than this comes from the new playlist after a move. */
const keptSeconds = 5;

/**
 * Plays a signed HLS playlist. URLs in it inherit the token they were loaded with, so every request is
 * rewritten to the newest token, which is renewed before it expires: playback goes on for as long as one likes.
 */
export function openStream(video: HTMLVideoElement, playback: Playback, options: Options): Stream {
  const rungs = signal<readonly Rung[]>([]);
  const chosen = signal(-1);
  const shown = signal(-1);
  const trouble = signal<string | undefined>(undefined);
  let current = playback;
  let hls: Hls | undefined;
  /** Loads what `hls` will be. */
  let next: Hls | undefined;
  let native = false;
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let renewing: Promise<void> | undefined;
  /** The rung from which the frame on screen is loaded anew. */
  let sharpening: number | undefined;

  const fresh = (url: string) => {
    const token = current.master?.match(tokenPart)?.[0];
    return token ? url.replace(tokenPart, token) : url;
  };

  function renew(): Promise<void> {
    renewing ??= options
      .renew()
      .then((next) => {
        if (next) current = next;
      })
      .catch(() => undefined)
      .finally(() => {
        renewing = undefined;
        schedule();
      });
    return renewing;
  }

  function schedule(): void {
    clearTimeout(timer);
    if (closed) return;
    const left = Date.parse(current.expiresAt) - now() - renewEarlyMs;
    timer = setTimeout(renew, Math.min(Math.max(left, 5000), 2 ** 31 - 1));
  }

  function onLoaded(details: LevelDetails): void {
    options.onLength(details.edge, !details.live);
  }

  async function start(): Promise<void> {
    if (!current.master) return;
    const { default: Library } = await import("hls.js/source");
    if (closed) return;
    if (!Library.isSupported()) {
      // Safari on older phones plays HLS by itself; the token outlives a viewing there.
      native = true;
      video.src = current.master;
      return;
    }
    const opened = openLibrary(Library, { startPosition: options.startSeconds });
    hls = opened;
    opened.loadSource(current.master);
    opened.attachMedia(video);
  }

  /** The next playlist takes over the buffers of the last, once it is known. */
  async function move(): Promise<void> {
    if (native && current.master) {
      const { currentTime, paused } = video;
      video.src = current.master;
      video.currentTime = currentTime;
      if (!paused) await video.play();
      return;
    }
    const { default: Library } = await import("hls.js/source");
    const before = hls;
    if (closed || !before || !current.master) return;
    next?.destroy();
    const opened = openLibrary(Library, { autoStartLoad: false });
    next = opened;
    opened.once(Library.Events.MANIFEST_PARSED, () => {
      next = undefined;
      hls = opened;
      const media = before.transferMedia();
      before.destroy();
      if (media) opened.attachMedia(media);
      opened.startLoad(video.currentTime, true);
    });
    opened.once(Library.Events.MEDIA_ATTACHED, () => {
      const startOffset = video.currentTime + keptSeconds;
      opened.trigger(Library.Events.BUFFER_FLUSHING, { startOffset, endOffset: Infinity, type: null });
    });
    opened.loadSource(current.master);
  }

  function openLibrary(Library: typeof Hls, config: Partial<HlsConfig>): Hls {
    const opened = new Library({
      ...config,
      enableWorker: false,
      maxBufferLength: 30,
      maxMaxBufferLength: 60,
      backBufferLength: 60,
      capLevelToPlayerSize: true,
      abrEwmaDefaultEstimate: lineSpeed(),
      // A playlist that still grows is watched at the reviewer's pace, never hurried to its end.
      maxLiveSyncPlaybackRate: 1,
      xhrSetup: (xhr, url) => {
        xhr.open("GET", fresh(url), true);
      },
    });
    const { Events, ErrorTypes } = Library;
    opened.on(Events.MANIFEST_PARSED, (_, { levels }) => {
      const wanted = rungs.value.find(({ index }) => index === chosen.value)?.height;
      rungs.value = levels
        .map((level, index) => ({
          index,
          height: level.height,
          name: `${Math.min(level.width, level.height)}p`,
        }))
        .sort((a, b) => b.height - a.height);
      // Another playlist of the same pictures counts its rungs in its own way; what was asked for stays.
      chosen.value = rungs.value.find(({ height }) => height === wanted)?.index ?? -1;
      if (chosen.value >= 0) opened.loadLevel = chosen.value;
    });
    opened.on(Events.LEVEL_LOADED, (_, { details }) => onLoaded(details));
    opened.on(Events.LEVEL_SWITCHED, (_, { level }) => {
      shown.value = level;
    });
    opened.on(Events.FRAG_BUFFERED, (_, { frag }) => {
      trouble.value = undefined;
      if (frag.type !== "main" || frag.level !== sharpening) return;
      sharpening = undefined;
      // The browser paints what came in place of the frame on screen when it is sent there.
      const { currentTime, paused } = video;
      if (paused) video.currentTime = currentTime;
    });
    opened.on(Events.ERROR, (_, data) => void onError(opened, data, ErrorTypes.MEDIA_ERROR));
    return opened;
  }

  let repairs = 0;
  async function onError(failed: Hls, data: ErrorData, mediaError: string): Promise<void> {
    if (data.response?.code === 403) await renew();
    if (!data.fatal || (failed !== hls && failed !== next) || closed) return;
    if (data.type === mediaError && repairs++ < 3) {
      failed.recoverMediaError();
      return;
    }
    trouble.value = "The stream stopped. Trying again.";
    await new Promise((done) => setTimeout(done, 2000));
    if (closed || (failed !== hls && failed !== next)) return;
    await renew();
    if (failed.levels.length === 0 && current.master) failed.loadSource(current.master);
    else failed.startLoad(video.currentTime);
  }

  schedule();
  void start();
  return {
    rungs,
    chosen,
    shown,
    trouble,
    choose(index) {
      chosen.value = index;
      if (!hls) return;
      // What plays goes on and changes with the next segment. At rest there is no next: the frame on screen changes.
      sharpening = video.paused && index >= 0 && index !== shown.value ? index : undefined;
      if (sharpening === undefined) hls.nextLevel = index;
      else hls.currentLevel = index;
    },
    moveTo(playback) {
      current = playback;
      schedule();
      void move();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      next?.destroy();
      hls?.destroy();
    },
  };
}

/** What Chromium says of a line that it has not measured yet lies above this. */
const KNOWN_SLOW_MBIT = 1.2;

/** Bits per second to begin with: a sharp picture, unless the browser knows its line to be slow. */
function lineSpeed(): number {
  const { connection } = navigator as Navigator & { connection?: { downlink?: number } };
  const mbit = connection?.downlink ?? 4;
  return (mbit > 0 && mbit < KNOWN_SLOW_MBIT ? mbit : 4) * 1_000_000;
}
