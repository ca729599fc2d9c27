import { useSignal } from "@preact/signals";
import { AudioLines, CircleX, Film, Image } from "lucide-preact";
import type { Asset } from "../api/types.ts";
import { storyboardOf, type Tile, tileAt } from "../player/storyboard.ts";
import { duration } from "../ui/words.ts";
import "./poster.css";

/** The poster; a pointer moving over it scrubs through the storyboard. */
export function Poster({ asset }: { asset: Asset }) {
  const share = useSignal<number | undefined>(undefined);
  const tiles = useSignal<readonly Tile[]>([]);
  const { version } = asset;
  const media = version?.media;
  const seconds = media?.durationSeconds ?? 0;
  const tile = share.value === undefined ? undefined : tileAt(tiles.value, share.value * seconds);
  const building = asset.status === "processing" && version;
  return (
    <span
      class="poster"
      onPointerEnter={() => {
        if (asset.storyboard && tiles.value.length === 0)
          void storyboardOf(asset.storyboard).then((list) => {
            tiles.value = list;
          });
      }}
      onPointerMove={(event) => {
        if (event.pointerType !== "mouse") return;
        const box = event.currentTarget.getBoundingClientRect();
        share.value = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      }}
      onPointerLeave={() => {
        share.value = undefined;
      }}
    >
      {asset.poster ? (
        <img src={asset.poster} alt="" loading="lazy" decoding="async" />
      ) : (
        <span class="poster-none">
          {asset.status === "failed" ? (
            <CircleX size={24} strokeWidth={1.5} />
          ) : media?.kind === "audio" ? (
            <AudioLines size={24} strokeWidth={1.5} />
          ) : media?.kind === "image" ? (
            <Image size={24} strokeWidth={1.5} />
          ) : (
            <Film size={24} strokeWidth={1.5} />
          )}
        </span>
      )}
      {tile && <StoryboardPicture tile={tile} />}
      {share.value !== undefined && tile && (
        <span class="poster-head" style={{ left: `${share.value * 100}%` }} />
      )}
      {seconds > 0 && <span class="poster-length numbers">{duration(seconds)}</span>}
      {building && (
        <span class="progress" style={{ "--done": version.progress }}>
          <span />
        </span>
      )}
    </span>
  );
}

/** One storyboard picture, scaled to the card by percentages, so that no size is measured. */
function StoryboardPicture({ tile }: { tile: Tile }) {
  return (
    <svg class="poster-tile" viewBox={`${tile.x} ${tile.y} ${tile.width} ${tile.height}`} aria-hidden="true">
      <image href={tile.url} />
    </svg>
  );
}
