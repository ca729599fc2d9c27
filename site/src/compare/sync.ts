import { effect, signal } from "@preact/signals";
import { frameToSeconds, secondsToFrame } from "#core/timecode/timecode.ts";
import type { Player } from "../player/player.ts";

/** Beyond this many frames apart, running after is hopeless and the follower jumps. */
const jumpFrames = 6;

/**
 * Makes the right picture follow the left one: exactly while it stands, by small changes of speed while it runs.
 * `offset` is added to a left frame to find the right one.
 */
export function keepInSync(left: Player, right: Player, startOffset: number) {
  const offset = signal(startOffset);
  const isSameRate =
    left.model.rate.num * right.model.rate.den === right.model.rate.num * left.model.rate.den &&
    !left.model.variable;
  const matching = (frame: number) => {
    const here = isSameRate ? frame : secondsToFrame(right.model, frameToSeconds(left.model, frame));
    return Math.min(Math.max(0, here + offset.value), right.model.frames - 1);
  };
  const stops = [
    effect(() => {
      const { value: playing } = left.playing;
      if (playing && left.speed.value > 0) right.play();
      else right.pause();
    }),
    effect(() => {
      const target = matching(left.head.value);
      if (!left.playing.value || left.speed.value < 0) right.seek(target);
    }),
    effect(() => {
      const frame = left.frame.value;
      if (!left.playing.peek() || left.speed.peek() < 0) return;
      const apart = right.frame.peek() - matching(frame);
      const pace = left.rate.value * left.speed.value;
      if (Math.abs(apart) > jumpFrames) {
        right.seek(matching(frame));
        right.play();
      }
      right.setRate(pace * (1 - Math.max(-0.2, Math.min(0.2, apart * 0.05))));
    }),
  ];
  return {
    offset,
    matching,
    stop() {
      for (const stop of stops) stop();
    },
  };
}
export type Sync = ReturnType<typeof keepInSync>;
