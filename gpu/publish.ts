import { type FSWatcher, watch } from "node:fs";
import { putLightly } from "#core/storage/put-lightly.ts";
import type { Storage } from "#core/storage/storage.ts";
import { GrowingStream } from "./ladder-watch.ts";
import { mediaPlaylist } from "./playlist.ts";

/** Content types and lifetimes of what lies in previews. A growing playlist may be a second old, a finished file is for ever. */
export const forEver = "public, max-age=31536000, immutable";
export const growing = "public, max-age=1";

const types: Record<string, string> = {
  m3u8: "application/vnd.apple.mpegurl",
  m4s: "video/iso.segment",
  mp4: "video/mp4",
  vtt: "text/vtt; charset=utf-8",
  jpg: "image/jpeg",
  webp: "image/webp",
  json: "application/json",
  dat: "application/octet-stream",
};

export function contentTypeOf(name: string): string {
  return types[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
}

/** Writes files below one preview prefix. */
export class PreviewFolder {
  readonly prefix: string;
  readonly #storage: Storage;
  readonly #underWay = new Set<Promise<void>>();
  #isClosed = false;
  bytes = 0;

  constructor(storage: Storage, prefix: string) {
    this.#storage = storage;
    this.prefix = prefix;
  }

  async put(name: string, body: Uint8Array | string, cacheControl: string = forEver): Promise<void> {
    if (this.#isClosed) throw new Error("the build is over");
    const place = { bucket: this.#storage.buckets.previews, key: `${this.prefix}${name}` };
    const work = putLightly(this.#storage, place, body, { contentType: contentTypeOf(name), cacheControl });
    this.#underWay.add(work);
    await work.finally(() => this.#underWay.delete(work));
    this.bytes += typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  }

  /** Takes nothing more; resolves when nothing is under way, so that a sweep after it finds everything. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
  }
}

export interface LadderPublisher {
  streams: GrowingStream[];
  /** Uploads what is left and stops. Rejects with the first fault. */
  finish(): Promise<void>;
  /** Stops without starting another upload; resolves when none is under way. */
  abandon(): Promise<void>;
}

export interface PublishOptions {
  folder: PreviewFolder;
  out: string;
  names: string[];
  targetSeconds: number;
  /** Every stream has its first segment and playlist in previews. Called once. */
  onFirst?: (streams: GrowingStream[]) => Promise<void>;
  /** More than `shownSeconds` can be watched. Called once, after that. */
  onPlayable: (streams: GrowingStream[]) => Promise<void>;
  shownSeconds: number;
  onGrowth: (playableSeconds: number) => void;
  onFault: (cause: unknown) => void;
}

/** In case a change was not told: every machine has a limit of watches. */
const POLL_MS = 1_000;
/** Uploads of one stream at a time, when the encoder is ahead of the storage. */
const PARALLEL = 4;

/**
 * Watches the output folder and uploads in the only safe order: init, segments, then the playlist that names them.
 * Runs until `finish`; a fault stops it and is reported once.
 */
export function publishLadder(options: PublishOptions): LadderPublisher {
  const streams = options.names.map((name) => new GrowingStream(options.out, name));
  let hasBegun = false;
  let isPlayable = false;
  let isStopped = false;
  let fault: unknown;
  let running: Promise<void> = Promise.resolve();
  let wanted = false;

  async function pass(): Promise<void> {
    await Promise.all(streams.map((stream) => uploadFresh(stream, options)));
    if (streams.some((stream) => stream.segments.length === 0)) return;
    if (!hasBegun) await options.onFirst?.(streams);
    hasBegun = true;
    const seconds = Math.min(
      ...streams.filter((stream) => stream.isPicture === streams[0]?.isPicture).map((s) => s.seconds),
    );
    if (!isPlayable && seconds > options.shownSeconds) {
      isPlayable = true;
      await options.onPlayable(streams);
    }
    options.onGrowth(seconds);
  }

  function schedule(): void {
    if (isStopped || wanted) return;
    wanted = true;
    running = running.then(async () => {
      wanted = false;
      if (isStopped || fault) return;
      await pass().catch((cause) => {
        fault = cause;
        options.onFault(cause);
      });
    });
  }

  const timer = setInterval(schedule, POLL_MS);
  let watcher: FSWatcher | undefined;
  try {
    // ffmpeg writes to its segments all the time; only a playlist that was put in place says that one is whole.
    watcher = watch(options.out, (_, name) => {
      if (name?.endsWith(".m3u8")) schedule();
    });
    watcher.on("error", () => {}); // the timer does without
  } catch {
    // no inotify left on this machine: the timer does without
  }
  const stop = () => {
    clearInterval(timer);
    watcher?.close();
  };

  return {
    streams,
    async finish() {
      stop();
      await running;
      if (!fault) await pass();
      isStopped = true;
      if (fault) throw fault;
    },
    async abandon() {
      isStopped = true;
      stop();
      await running;
    },
  };
}

async function uploadFresh(stream: GrowingStream, options: PublishOptions): Promise<void> {
  const names = await stream.fresh();
  if (names.length === 0) return;
  if (!stream.track) await options.folder.put(`init_${stream.name}.mp4`, await stream.readInit());
  for (let at = 0; at < names.length; at += PARALLEL) {
    const batch = names.slice(at, at + PARALLEL);
    const uploaded = await Promise.all(
      batch.map(async (name) => {
        const bytes = await stream.read(name);
        await options.folder.put(name, bytes);
        return { name, bytes };
      }),
    );
    for (const { name, bytes } of uploaded) stream.take(name, bytes);
  }
  await options.folder.put(`${stream.name}.m3u8`, playlistOf(stream, options.targetSeconds, false), growing);
}

/** The media playlist of a stream, growing or finished. */
export function playlistOf(stream: GrowingStream, targetSeconds: number, isComplete: boolean): string {
  return mediaPlaylist({
    init: `init_${stream.name}.mp4`,
    segments: stream.segments,
    targetSeconds: Math.max(targetSeconds, ...stream.segments.map((segment) => Math.round(segment.seconds))),
    isComplete,
  });
}
