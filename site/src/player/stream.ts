import { type Signal, signal } from "@preact/signals";
import type Hls from "hls.js";
import type { ErrorData, LevelDetails } from "hls.js";
import type { Playback } from "../api/types.ts";

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
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let renewing: Promise<void> | undefined;

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
    const left = Date.parse(current.expiresAt) - Date.now() - renewEarlyMs;
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
      video.src = current.master;
      return;
    }
    hls = new Library({
      enableWorker: false,
      startPosition: options.startSeconds,
      maxBufferLength: 30,
      maxMaxBufferLength: 60,
      backBufferLength: 60,
      capLevelToPlayerSize: true,
      abrEwmaDefaultEstimate: 4_000_000,
      // A playlist that still grows is watched at the reviewer's pace, never hurried to its end.
      maxLiveSyncPlaybackRate: 1,
      xhrSetup: (xhr, url) => {
        xhr.open("GET", fresh(url), true);
      },
    });
    const { Events, ErrorTypes } = Library;
    hls.on(Events.MANIFEST_PARSED, (_, { levels }) => {
      rungs.value = levels
        .map((level, index) => ({
          index,
          height: level.height,
          name: `${Math.min(level.width, level.height)}p`,
        }))
        .sort((a, b) => b.height - a.height);
    });
    hls.on(Events.LEVEL_LOADED, (_, { details }) => onLoaded(details));
    hls.on(Events.LEVEL_SWITCHED, (_, { level }) => {
      shown.value = level;
    });
    hls.on(Events.FRAG_BUFFERED, () => {
      trouble.value = undefined;
    });
    hls.on(Events.ERROR, (_, data) => void onError(data, ErrorTypes.MEDIA_ERROR));
    hls.loadSource(current.master);
    hls.attachMedia(video);
  }

  let repairs = 0;
  async function onError(data: ErrorData, mediaError: string): Promise<void> {
    if (data.response?.code === 403) await renew();
    if (!data.fatal || !hls || closed) return;
    if (data.type === mediaError && repairs++ < 3) {
      hls.recoverMediaError();
      return;
    }
    trouble.value = "The stream stopped. Trying again.";
    await new Promise((done) => setTimeout(done, 2000));
    if (closed) return;
    await renew();
    if (hls.levels.length === 0 && current.master) hls.loadSource(current.master);
    else hls.startLoad(video.currentTime);
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
      if (hls) hls.nextLevel = index;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      hls?.destroy();
    },
  };
}
