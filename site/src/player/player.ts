import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type FrameModel, presentedFrame, secondsToFrame, seekSeconds } from "#core/timecode/timecode.ts";
import { recall, remember } from "../ui/remember.ts";

export interface Range {
  start: number;
  end: number;
}

/** What a picture or a sound on the page can do, in frames. One per media element. */
export interface Player {
  readonly model: FrameModel;
  /** The frame on screen, as the decoder says; numbers on the page show this one. */
  readonly frame: ReadonlySignal<number>;
  /** Where the play head is on its way to; ahead of `frame` while a seek runs. */
  readonly head: ReadonlySignal<number>;
  readonly playing: ReadonlySignal<boolean>;
  readonly waiting: ReadonlySignal<boolean>;
  /** Shuttle: 1 is normal play, -2 is back at double speed. */
  readonly speed: ReadonlySignal<number>;
  readonly rate: ReadonlySignal<number>;
  readonly volume: ReadonlySignal<number>;
  readonly muted: ReadonlySignal<boolean>;
  readonly buffered: ReadonlySignal<readonly Range[]>;
  readonly range: Signal<Partial<Range>>;
  readonly looping: Signal<boolean>;
  /** How many frames exist already; fewer than the model's while a preview is built. */
  readonly built: Signal<number>;
  attach(video: HTMLVideoElement): () => void;
  seek(frame: number): void;
  step(by: number): void;
  play(): void;
  pause(): void;
  toggle(): void;
  shuttle(direction: 1 | -1): void;
  /** The range begins or ends at the play head; an edge on the wrong side of it is let go. */
  setEdge(edge: keyof Range): void;
  setRate(rate: number): void;
  setVolume(volume: number): void;
  setMuted(muted: boolean): void;
}

const fastest = 8;
/** A seek that presented no picture by then has not changed it. */
const settleMs = 120;

export function createPlayer(model: FrameModel, hasPicture: boolean, startFrame = 0): Player {
  const frame = signal(startFrame);
  const head = signal(startFrame);
  const playing = signal(false);
  const waiting = signal(false);
  const shuttleSpeed = signal(1);
  const rate = signal(1);
  const volume = signal(recall("volume", 1));
  const muted = signal(recall("muted", false));
  const buffered = signal<readonly Range[]>([]);
  const range = signal<Partial<Range>>({});
  const looping = signal(false);
  const built = signal(model.frames);

  let video: HTMLVideoElement | undefined;
  let seeking = false;
  let wanted: number | undefined = startFrame;
  let presented = 0;
  let reverse: number | undefined;
  const last = () => Math.max(0, Math.min(model.frames, built.value) - 1);

  function show(shown: number): void {
    frame.value = shown;
    if (seeking || wanted !== undefined) return;
    head.value = shown;
    if (!playing.value || reverse !== undefined || !looping.value) return;
    const end = range.value.end ?? last();
    if (shown >= end) go(range.value.start ?? 0);
  }

  /** One seek at a time: while it runs, only the newest wish is kept, so a held key never queues up. */
  function pump(): void {
    if (!video || seeking || wanted === undefined || video.readyState === 0) return;
    const next = wanted;
    wanted = undefined;
    seeking = true;
    video.currentTime = seekSeconds(model, next);
  }

  function go(to: number): void {
    const next = Math.min(Math.max(0, Math.round(to)), last());
    head.value = next;
    wanted = next;
    pump();
  }

  function stopReverse(): void {
    if (reverse === undefined) return;
    cancelAnimationFrame(reverse);
    reverse = undefined;
    playing.value = false;
  }

  function playReverse(speed: number): void {
    stopReverse();
    video?.pause();
    let position = head.value;
    let before = performance.now();
    playing.value = true;
    const tick = (now: number) => {
      position += (((now - before) / 1000) * speed * model.rate.num) / model.rate.den;
      before = now;
      const floor = looping.value ? (range.value.start ?? 0) : 0;
      if (position <= floor) {
        if (!looping.value) {
          go(0);
          stopReverse();
          shuttleSpeed.value = 1;
          return;
        }
        position = range.value.end ?? last();
      }
      go(position);
      reverse = requestAnimationFrame(tick);
    };
    reverse = requestAnimationFrame(tick);
  }

  function applySpeed(): void {
    if (video) video.playbackRate = Math.min(16, Math.max(0.1, rate.value * Math.abs(shuttleSpeed.value)));
  }

  function play(): void {
    stopReverse();
    if (!video) return;
    const end = looping.value ? (range.value.end ?? last()) : last();
    if (head.value >= end) go(looping.value ? (range.value.start ?? 0) : 0);
    applySpeed();
    video.play().catch((error: unknown) => {
      // The browser wants a gesture before sound; silence is better than nothing moving.
      if (error instanceof DOMException && error.name === "NotAllowedError" && video) {
        video.muted = true;
        muted.value = true;
        void video.play().catch(() => undefined);
      }
    });
  }

  function pause(): void {
    // Backwards the wish runs ahead of the picture: one stops on what one sees.
    if (reverse !== undefined) go(frame.value);
    stopReverse();
    shuttleSpeed.value = 1;
    video?.pause();
    applySpeed();
  }

  function attach(element: HTMLVideoElement): () => void {
    video = element;
    seeking = false;
    element.volume = volume.value;
    element.muted = muted.value;
    applySpeed();
    const stop = new AbortController();
    const on = (name: string, run: () => void) =>
      element.addEventListener(name, run, { signal: stop.signal });
    on("loadedmetadata", pump);
    on("play", () => {
      playing.value = true;
    });
    on("pause", () => {
      if (reverse === undefined) playing.value = false;
    });
    on("ended", () => {
      playing.value = false;
      shuttleSpeed.value = 1;
      if (looping.value) play();
    });
    on("waiting", () => {
      waiting.value = true;
    });
    for (const name of ["playing", "canplay", "seeked"])
      on(name, () => {
        waiting.value = false;
      });
    on("seeked", () => {
      seeking = false;
      const count = presented;
      const time = element.currentTime;
      pump();
      // What was presented has the last word. A seek within the frame on screen presents nothing, nor does sound.
      setTimeout(
        () => {
          if (presented === count && element.currentTime === time) show(secondsToFrame(model, time));
        },
        hasPicture ? settleMs : 0,
      );
    });
    on("progress", () => {
      const ranges: Range[] = [];
      for (let i = 0; i < element.buffered.length; i++)
        ranges.push({
          start: secondsToFrame(model, element.buffered.start(i)),
          end: secondsToFrame(model, element.buffered.end(i)),
        });
      buffered.value = ranges;
    });
    let handle = 0;
    if (hasPicture && "requestVideoFrameCallback" in element) {
      const onFrame = (_: number, metadata: VideoFrameCallbackMetadata) => {
        presented += 1;
        show(presentedFrame(model, metadata.mediaTime));
        handle = element.requestVideoFrameCallback(onFrame);
      };
      handle = element.requestVideoFrameCallback(onFrame);
      stop.signal.addEventListener("abort", () => element.cancelVideoFrameCallback(handle));
    } else {
      const onTick = () => {
        if (!element.paused && !seeking) show(secondsToFrame(model, element.currentTime));
        handle = requestAnimationFrame(onTick);
      };
      handle = requestAnimationFrame(onTick);
      stop.signal.addEventListener("abort", () => cancelAnimationFrame(handle));
    }
    pump();
    return () => {
      stopReverse();
      stop.abort();
      video = undefined;
    };
  }

  return {
    model,
    frame,
    head,
    playing,
    waiting,
    speed: computed(() => shuttleSpeed.value),
    rate,
    volume,
    muted,
    buffered,
    range,
    looping,
    built,
    attach,
    play,
    pause,
    seek(to) {
      stopReverse();
      go(to);
    },
    step(by) {
      pause();
      go(head.value + by);
    },
    toggle() {
      if (playing.value) pause();
      else {
        shuttleSpeed.value = 1;
        play();
      }
    },
    shuttle(direction) {
      const current = playing.value ? shuttleSpeed.value : 0;
      const same = Math.sign(current) === direction;
      const next = same ? Math.min(fastest, Math.abs(current) * 2) * direction : direction;
      shuttleSpeed.value = next;
      if (next > 0) play();
      else playReverse(next);
    },
    setEdge(edge) {
      const at = head.value;
      const other = range.value[edge === "start" ? "end" : "start"];
      const conflicts = other !== undefined && (edge === "start" ? other < at : other > at);
      range.value = conflicts ? { [edge]: at } : { ...range.value, [edge]: at };
    },
    setRate(next) {
      rate.value = next;
      applySpeed();
    },
    setVolume(next) {
      volume.value = Math.min(1, Math.max(0, next));
      muted.value = volume.value === 0;
      if (video) Object.assign(video, { volume: volume.value, muted: muted.value });
      remember("volume", volume.value);
      remember("muted", muted.value);
    },
    setMuted(next) {
      muted.value = next;
      if (video) video.muted = next;
      remember("muted", next);
    },
  };
}
