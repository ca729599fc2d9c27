import type { Signal } from "@preact/signals";
import type { ComponentChildren, RefObject } from "preact";
import { useRef } from "preact/hooks";
import { Guides } from "../player/guides.tsx";
import type { View } from "../player/view.ts";

export const modes = [
  { key: "side", words: "Side by side" },
  { key: "wipe", words: "Wipe" },
  { key: "overlay", words: "Overlay" },
  { key: "difference", words: "Difference" },
] as const;
export type Mode = (typeof modes)[number]["key"];

interface Side {
  video: RefObject<HTMLVideoElement>;
  ratio: number;
  caption: ComponentChildren;
}

interface Props {
  mode: Mode;
  /** Where the wipe stands, or how strong the upper picture is, 0..1. */
  split: Signal<number>;
  view: View;
  left: Side;
  right: Side;
  onToggle: () => void;
}

/** The two pictures. They stay in place in the page when the mode changes, so that playing goes on. */
export function Room({ mode, split, view, left, right, onToggle }: Props) {
  const room = useRef<HTMLDivElement>(null);
  const stacked = mode !== "side";
  const style = {
    "--ratio": String(stacked ? Math.max(left.ratio, right.ratio) : left.ratio),
    "--split": `${split.value * 100}%`,
  };
  const drag = (event: PointerEvent) => {
    const box = room.current?.querySelector(".compare-side")?.getBoundingClientRect();
    if (box) split.value = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  return (
    <div class={`compare-room ${mode}`} ref={room} style={style}>
      {([left, right] as const).map((side, index) => (
        <figure
          key={index === 0 ? "left" : "right"}
          class={`compare-side ${index === 0 ? "left" : "right"}`}
          style={{ "--ratio": String(stacked ? Math.max(left.ratio, right.ratio) : side.ratio) }}
        >
          {/* biome-ignore lint/a11y/useMediaCaption: captions are tracks of the stream */}
          <video
            ref={side.video}
            playsInline
            preload="auto"
            crossOrigin="anonymous"
            aria-label={index === 0 ? "Left video" : "Right video"}
            onClick={onToggle}
          />
          <Guides view={view} ratio={side.ratio} />
          <figcaption>{side.caption}</figcaption>
        </figure>
      ))}
      {mode === "wipe" && (
        <div
          class="wipe-handle"
          role="slider"
          tabIndex={0}
          aria-label="Wipe"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(split.value * 100)}
          onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
          onPointerMove={(event) => {
            if (event.buttons > 0) drag(event);
          }}
          onKeyDown={(event) => {
            const by = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
            if (by === undefined) return;
            event.preventDefault();
            event.stopPropagation();
            split.value = Math.min(1, Math.max(0, split.value + by));
          }}
        />
      )}
      {mode === "overlay" && (
        <input
          class="overlay-strength"
          type="range"
          min={0}
          max={1}
          step={0.01}
          value={split.value}
          aria-label="How strong the right picture is"
          onInput={(event) => {
            split.value = Number(event.currentTarget.value);
          }}
        />
      )}
    </div>
  );
}
