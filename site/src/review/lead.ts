import { effect, signal } from "@preact/signals";
import { api } from "../api/client.ts";
import type { Author, Shape } from "../api/types.ts";
import type { Review } from "./review.ts";

const everyMs = 150;
/** A leader who has been silent for this long has gone. */
const silentMs = 12_000;
const aliveMs = 4000;

interface Lead {
  frame: number;
  playing: boolean;
  speed: number;
  shapes: Shape[];
  over?: boolean;
}

/**
 * A session in which one person's play head and drawings lead the others. Nobody is dragged along: those who
 * look at the same version are offered to follow.
 */
export function createLead(review: Review) {
  const leading = signal(false);
  const leader = signal<Author | undefined>(undefined);
  const following = signal(false);
  const shapes = signal<readonly Shape[]>([]);
  const { player, drawing, version } = review;
  let stopSending: (() => void) | undefined;
  let gone: ReturnType<typeof setTimeout> | undefined;

  const tell = (over = false) => {
    const state: Lead = {
      frame: player.head.peek(),
      playing: player.playing.peek(),
      speed: player.speed.peek(),
      // Long strokes are thinned: followers see the drawing while it grows, the comment keeps it whole.
      shapes: [...drawing.shapes.peek()]
        .slice(-40)
        .map((shape) => ({ ...shape, points: thin(shape.points) })),
      ...(over ? { over } : {}),
    };
    return (
      api
        .post(
          "/events/lead",
          { versionId: version.peek().id, state },
          { keepalive: over, signal: AbortSignal.timeout(aliveMs) },
        )
        // A word that is lost is followed by the next; followers let go of a leader who is silent.
        .catch(() => undefined)
    );
  };

  /** One word at a time, and the newest last: a late one would take followers back, or back into a session. */
  let turn: Promise<unknown> = Promise.resolve();
  let isNews = false;
  const tellInTurn = () => {
    if (isNews) return;
    isNews = true;
    turn = turn.then(() => {
      isNews = false;
      return leading.peek() && tell();
    });
  };

  function lead(): void {
    following.value = false;
    leading.value = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        tellInTurn();
      }, everyMs);
    };
    const stop = effect(() => {
      // Played frames are not sent one by one: followers play by themselves from where the leader started.
      if (!player.playing.value) void player.head.value;
      void [player.speed.value, drawing.shapes.value];
      soon();
    });
    const alive = setInterval(tellInTurn, aliveMs);
    const onHide = () => {
      // A page that goes away has no turn to wait for.
      turn = Promise.resolve();
      stopLeading();
    };
    addEventListener("pagehide", onHide);
    stopSending = () => {
      removeEventListener("pagehide", onHide);
      stop();
      clearInterval(alive);
      clearTimeout(timer);
      turn = turn.then(() => tell(true));
    };
  }

  function stopLeading(): void {
    leading.value = false;
    stopSending?.();
    stopSending = undefined;
  }

  function leave(): void {
    following.value = false;
    shapes.value = [];
  }

  let last: Lead | undefined;
  function apply(state: Lead): void {
    shapes.value = state.shapes;
    const apart = Math.abs(player.head.peek() - state.frame);
    if (state.playing && state.speed > 0) {
      if (!player.playing.peek() || apart > player.model.rate.num / player.model.rate.den)
        player.seek(state.frame);
      player.setRate(state.speed);
      if (!player.playing.peek()) player.play();
    } else {
      const wasPlaying = player.playing.peek();
      if (wasPlaying) player.pause();
      player.setRate(1);
      if (wasPlaying || apart > 0) player.seek(state.frame);
    }
  }

  return {
    leading,
    leader,
    following,
    shapes,
    toggle: () => (leading.value ? stopLeading() : lead()),
    follow() {
      following.value = true;
      if (last) apply(last);
    },
    leave,
    /** News from whoever leads; one's own come back too and are ignored. */
    hear(from: Author, state: Lead) {
      if (from.id === review.me.id && from.kind === review.me.kind && leading.value) return;
      if (state.over) {
        leader.value = undefined;
        leave();
        return;
      }
      last = state;
      leader.value = from;
      clearTimeout(gone);
      gone = setTimeout(() => {
        leader.value = undefined;
        leave();
      }, silentMs);
      if (following.value) apply(state);
    },
    close() {
      if (leading.value) stopLeading();
      clearTimeout(gone);
    },
  };
}
export type LeadState = ReturnType<typeof createLead>;

function thin(points: [number, number][]): [number, number][] {
  const keep = 60;
  if (points.length <= keep) return points;
  const step = (points.length - 1) / (keep - 1);
  return Array.from({ length: keep }, (_, index) => points[Math.round(index * step)] ?? [0, 0]);
}
