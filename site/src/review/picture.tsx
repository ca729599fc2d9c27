import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { frameToSeconds, secondsToFrame } from "#core/timecode/timecode.ts";
import { api } from "../api/client.ts";
import type { Preview } from "../api/types.ts";
import { Meters } from "../player/meters.tsx";
import { type Peaks, peaksOf } from "../player/peaks.ts";
import { Stage } from "../player/stage.tsx";
import { storyboardOf, type Tile } from "../player/storyboard.ts";
import { openStream, type Stream } from "../player/stream.ts";
import { Timeline } from "../player/timeline.tsx";
import type { Mark } from "../player/timeline-paint.ts";
import { Transport } from "../player/transport.tsx";
import type { LeadState } from "./lead.ts";
import { LeadBar } from "./lead-bar.tsx";
import { LinkBar } from "./link-bar.tsx";
import type { Review } from "./review.ts";
import { Waiting } from "./waiting.tsx";

interface Props {
  review: Review;
  lead: LeadState;
  going: boolean;
  onGoing: (going: boolean) => void;
  onFullScreen: () => void;
  onHelp: () => void;
}

/** A signed address without what its token adds. */
const nameOf = (url: string | null | undefined) => url?.replace(/\/v\/[^/]+\//, "/");

/** Stage, timeline and transport of the version on the page, and the stream that feeds them. */
export function Picture({ review, lead, going, onGoing, onFullScreen, onHelp }: Props) {
  const { player, view, preview, drawing } = review;
  const video = useRef<HTMLVideoElement>(null);
  const [stream, setStream] = useState<Stream>();
  const watched = useRef<string | undefined>(undefined);
  const tiles = useSignal<readonly Tile[]>([]);
  const peaks = useSignal<Peaks | undefined>(undefined);
  const media = review.media();
  const playback = preview.value.playback;
  const master = nameOf(playback?.master);

  useEffect(() => {
    if (!video.current) return;
    return player.attach(video.current);
  }, []);

  useEffect(() => {
    const current = preview.peek().playback;
    if (!video.current || !current?.master) return;
    watched.current = nameOf(current.master);
    const opened = openStream(video.current, current, {
      startSeconds: frameToSeconds(player.model, player.head.value),
      renew: async () => {
        const fresh = await api.get<Preview>(`/preview/${review.version.value.id}`);
        return fresh.playback ?? undefined;
      },
      onLength: (seconds, complete) => {
        player.built.value = complete
          ? player.model.frames
          : Math.min(player.model.frames, secondsToFrame(player.model, seconds));
      },
    });
    setStream(opened);
    return () => {
      opened.close();
      setStream(undefined);
    };
  }, [master === undefined]);

  // A preview that is finished, or built anew, has another playlist: what plays goes on with it.
  useEffect(() => {
    const current = preview.peek().playback;
    if (!stream || !current?.master || watched.current === master) return;
    watched.current = master;
    stream.moveTo(current);
  }, [stream, master]);

  // The storyboard and the waveform come last of a build, so they are asked for again when it is done.
  const state = preview.value.state;
  useEffect(() => {
    void storyboardOf(playback?.storyboard).then((list) => {
      tiles.value = list;
    });
    void peaksOf(playback?.peaks).then((found) => {
      peaks.value = found;
    });
  }, [state, Boolean(playback?.storyboard), Boolean(playback?.peaks)]);

  const marks = useComputed<Mark[]>(() => [
    ...review.shown.value
      .filter(({ root }) => root.versionId === review.version.value.id)
      .map(({ root }) => ({
        id: root.id,
        frame: root.frame,
        endFrame: root.endFrame,
        label: `${root.author.name}: ${root.text.slice(0, 60)}`,
        resolved: root.resolvedAt !== null,
        selected: root.id === review.selected.value,
      })),
    ...review.marks.value.map((frame) => ({
      id: `mark-${frame}`,
      frame,
      endFrame: null,
      label: "Your mark",
      resolved: false,
      selected: false,
      own: true,
    })),
  ]);
  const onMark = (id: string) => {
    const comment = review.comments.value.find((one) => one.id === id);
    if (comment) review.select(comment);
    else if (id.startsWith("mark-")) player.seek(Number(id.slice(5)));
  };
  // A seek away from a comment's frames lets go of it, so that what is marked is what is seen.
  useSignalEffect(() => {
    if (!player.playing.value) return;
    review.selected.value = undefined;
  });

  const trouble = stream?.trouble.value;
  const unready = !playback?.master && !playback?.image;
  return (
    <section class="viewer" aria-label="Player">
      <LinkBar review={review} />
      <LeadBar lead={lead} />
      <Stage
        player={player}
        view={view}
        media={media}
        video={video}
        image={playback?.image}
        shapes={lead.following.value ? [...review.shapes.value, ...lead.shapes.value] : review.shapes.value}
        drawing={drawing}
        watermark={review.start.guest?.watermark}
      >
        {view.meters.value && stream && <Meters video={video} />}
        {unready && <Waiting review={review} />}
        {trouble && (
          <p class="stage-note" role="status">
            {trouble}
          </p>
        )}
        {!unready && state === "playable" && <Building review={review} />}
      </Stage>
      {media?.kind !== "image" && (
        <div class="controls">
          <Timeline
            player={player}
            marks={marks.value}
            tiles={tiles.value}
            peaks={peaks.value}
            onMark={onMark}
          />
          <Transport {...{ player, view, stream, going, onGoing, onFullScreen, onHelp }} />
        </div>
      )}
    </section>
  );
}

function Building({ review }: { review: Review }) {
  const { built, model } = review.player;
  const share = built.value / model.frames;
  const { waiting, progress } = review.preview.value;
  return (
    <p class="stage-note" role="status">
      {waiting ??
        (share < 1
          ? `${Math.round(share * 100)} % can be watched and commented on; the rest is being built.`
          : `Everything can be watched; better quality is ${Math.round(progress * 100)} % built.`)}
    </p>
  );
}
