import { AudioLines } from "lucide-preact";
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Media, Shape } from "../api/types.ts";
import { DrawingLayer } from "./drawing-layer.tsx";
import type { DrawingState } from "./drawing-state.ts";
import { Guides } from "./guides.tsx";
import type { Player } from "./player.ts";
import type { View } from "./view.ts";
import "./stage.css";

interface Props {
  player: Player;
  view: View;
  media: Media | null;
  video: RefObject<HTMLVideoElement>;
  image: string | null | undefined;
  shapes: readonly Shape[];
  drawing?: DrawingState | undefined;
  watermark?: string | null | undefined;
  children?: ComponentChildren;
}

/** The picture, fitted into its room, with guides and drawings exactly over it. */
export function Stage({ player, view, media, video, image, shapes, drawing, watermark, children }: Props) {
  const room = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLDivElement>(null);
  const ratio = media?.width && media.height ? media.width / media.height : 16 / 9;
  const drag = useRef<{ x: number; y: number; moved: boolean } | undefined>(undefined);

  useEffect(() => {
    const element = room.current;
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      view.zoomBy(Math.exp(-event.deltaY / 300));
    };
    element?.addEventListener("wheel", wheel, { passive: false });
    return () => element?.removeEventListener("wheel", wheel);
  }, []);

  const actual = () => {
    const shown = picture.current?.clientWidth ?? 1;
    return (media?.width ?? shown) / devicePixelRatio / shown;
  };
  const scale = view.fit.value === "actual" ? actual() : view.zoom.value;
  const { x, y } = view.offset.value;
  const down = (event: PointerEvent) => {
    if (event.button === 0 && !drawing?.active.value)
      drag.current = { x: event.clientX, y: event.clientY, moved: false };
  };
  const move = (event: PointerEvent) => {
    const from = drag.current;
    if (!from || event.buttons === 0) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    if (!from.moved && Math.hypot(dx, dy) < 4) return;
    drag.current = { x: event.clientX, y: event.clientY, moved: true };
    if (scale > 1) view.offset.value = { x: view.offset.value.x + dx, y: view.offset.value.y + dy };
  };
  const up = () => {
    if (drag.current && !drag.current.moved) player.toggle();
    drag.current = undefined;
  };
  return (
    <div
      class={`stage${scale > 1 ? " zoomed" : ""}`}
      ref={room}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerLeave={() => {
        drag.current = undefined;
      }}
    >
      <div
        class="picture"
        ref={picture}
        style={{
          "--ratio": String(ratio),
          transform:
            scale === 1 && x === 0 && y === 0 ? undefined : `translate(${x}px, ${y}px) scale(${scale})`,
        }}
      >
        {media?.kind === "image" && image ? (
          <img src={image} alt="The asset being reviewed" crossOrigin="anonymous" />
        ) : (
          // biome-ignore lint/a11y/useMediaCaption: captions are tracks of the stream, shown when the source has them
          <video ref={video} aria-label="Video" playsInline preload="auto" crossOrigin="anonymous" />
        )}
        {watermark && <Watermark text={watermark} />}
        <Guides view={view} ratio={ratio} />
        <DrawingLayer ratio={ratio} shapes={view.drawings.value ? shapes : []} state={drawing} />
      </div>
      {media?.kind === "audio" && (
        <p class="stage-sound">
          <AudioLines size={28} strokeWidth={1.5} aria-hidden="true" /> Sound only
        </p>
      )}
      {children}
    </div>
  );
}

function Watermark({ text }: { text: string }) {
  return (
    <div class="watermark" aria-hidden="true">
      {Array.from({ length: 12 }, (_, index) => (
        <span key={index}>{text}</span>
      ))}
    </div>
  );
}
