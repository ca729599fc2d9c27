import { useSignal } from "@preact/signals";
import { ChevronLeft, Minus, Plus } from "lucide-preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { frameModelOf, frameToTimecode } from "#core/timecode/timecode.ts";
import { api } from "../api/client.ts";
import type { Comparison, Preview } from "../api/types.ts";
import { listenForKeys, playerKeys } from "../player/keys.ts";
import { KeysHelp } from "../player/keys-help.tsx";
import { type Peaks, peaksOf } from "../player/peaks.ts";
import { createPlayer } from "../player/player.ts";
import { storyboardOf, type Tile } from "../player/storyboard.ts";
import { openStream, type Stream } from "../player/stream.ts";
import { Timeline } from "../player/timeline.tsx";
import { Transport } from "../player/transport.tsx";
import { createView } from "../player/view.ts";
import { useAlive } from "../ui/alive.ts";
import { StatusView } from "../ui/status.tsx";
import { type Mode, modes, Room } from "./room.tsx";
import { keepInSync, type Sync } from "./sync.ts";
import "./compare.css";

const still = {
  kind: "video",
  durationSeconds: 0,
  rate: null,
  frames: 1,
  startTimecode: "00:00:00:00",
  dropFrame: false,
  variable: false,
  pts: null,
} as const;

/** Two versions at once, in step: side by side, behind a wipe, laid over each other, or their difference. */
export function ComparePage({ start, assetName }: { start: Comparison; assetName: string }) {
  const { left, right } = start;
  const players = useMemo(() => {
    const make = ({ version }: Comparison["left"]) =>
      createPlayer(frameModelOf(version.media ?? still), version.media?.kind !== "audio");
    return { left: make(left), right: make(right), view: createView() };
  }, []);
  const root = useRef<HTMLDivElement>(null);
  const videos = { left: useRef<HTMLVideoElement>(null), right: useRef<HTMLVideoElement>(null) };
  const [stream, setStream] = useState<Stream>();
  const [sync, setSync] = useState<Sync>();
  const mode = useSignal<Mode>("side");
  const split = useSignal(0.5);
  const heard = useSignal<"left" | "right">("right");
  const going = useSignal(false);
  const helping = useSignal(false);
  const tiles = useSignal<readonly Tile[]>([]);
  const peaks = useSignal<Peaks | undefined>(undefined);

  const fullScreen = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void root.current?.requestFullscreen();
  };
  const keys = useMemo(
    () =>
      playerKeys(players.left, players.view, {
        fullScreen,
        help: () => {
          helping.value = true;
        },
        goTo: () => {
          going.value = true;
        },
      }),
    [],
  );

  useEffect(() => {
    const open = (side: "left" | "right") => {
      const { version, playback } = start[side];
      const video = videos[side].current;
      if (!video || !playback) return undefined;
      const detach = players[side].attach(video);
      const opened = openStream(video, playback, {
        startSeconds: 0,
        renew: async () => (await api.get<Preview>(`/preview/${version.id}`)).playback ?? undefined,
        onLength: () => undefined,
      });
      const close = () => {
        opened.close();
        detach();
      };
      return { opened, close };
    };
    const streams = [open("left"), open("right")];
    setStream(streams[0]?.opened);
    const kept = keepInSync(players.left, players.right, start.frameOffset);
    setSync(kept);
    void storyboardOf(left.playback?.storyboard).then((list) => {
      tiles.value = list;
    });
    void peaksOf(left.playback?.peaks).then((found) => {
      peaks.value = found;
    });
    const stopKeys = listenForKeys(() => keys);
    return () => {
      stopKeys();
      kept.stop();
      for (const one of streams) one?.close();
    };
  }, []);

  useEffect(() => {
    const { muted } = players.left;
    if (videos.left.current) videos.left.current.muted = muted.value || heard.value !== "left";
    if (videos.right.current) videos.right.current.muted = muted.value || heard.value !== "right";
  }, [heard.value, players.left.muted.value, sync]);

  const nudge = (by: number) => {
    if (sync) sync.offset.value += by;
  };
  const ratioOf = ({ version }: Comparison["left"]) =>
    version.media?.width && version.media.height ? version.media.width / version.media.height : 16 / 9;
  const offset = sync?.offset.value ?? start.frameOffset;
  return (
    <div class="compare" ref={root} {...useAlive()}>
      <header class="review-bar">
        <a
          class="icon-button"
          href={`/a/${right.version.assetId}?v=${right.version.id}`}
          aria-label="Back to the asset"
        >
          <ChevronLeft size={16} strokeWidth={1.5} aria-hidden="true" />
        </a>
        <h1 class="compare-title ellipsis">{assetName}</h1>
        <div class="segmented compare-modes" role="group" aria-label="Compare as">
          {modes.map(({ key, words }) => (
            <button
              type="button"
              key={key}
              class="icon-button"
              aria-pressed={mode.value === key}
              onClick={() => {
                mode.value = key;
              }}
            >
              {words}
            </button>
          ))}
        </div>
        <div class="review-bar-end">
          <span class="nudger" role="group" aria-label="Frame offset">
            <button
              type="button"
              class="icon-button"
              aria-label="Right one frame earlier"
              onClick={() => nudge(-1)}
            >
              <Minus size={16} strokeWidth={1.5} aria-hidden="true" />
            </button>
            <span class="numbers" data-testid="offset" title="Frames added to the right picture">
              {offset > 0 ? `+${offset}` : offset} f
            </span>
            <button
              type="button"
              class="icon-button"
              aria-label="Right one frame later"
              onClick={() => nudge(1)}
            >
              <Plus size={16} strokeWidth={1.5} aria-hidden="true" />
            </button>
          </span>
          <div class="segmented" role="group" aria-label="Sound of">
            {(["left", "right"] as const).map((side) => (
              <button
                type="button"
                key={side}
                class="icon-button"
                aria-pressed={heard.value === side}
                title={`Hear version ${start[side].version.number}`}
                onClick={() => {
                  heard.value = side;
                }}
              >
                Sound v{start[side].version.number}
              </button>
            ))}
          </div>
        </div>
      </header>
      <Room
        mode={mode.value}
        split={split}
        view={players.view}
        left={{
          video: videos.left,
          ratio: ratioOf(left),
          caption: <Caption side={left} player={players.left} />,
        }}
        right={{
          video: videos.right,
          ratio: ratioOf(right),
          caption: <Caption side={right} player={players.right} />,
        }}
        onToggle={players.left.toggle}
      />
      <div class="controls">
        <Timeline player={players.left} marks={[]} tiles={tiles.value} peaks={peaks.value} />
        <Transport
          player={players.left}
          view={players.view}
          stream={stream}
          going={going.value}
          onGoing={(next) => {
            going.value = next;
          }}
          onFullScreen={fullScreen}
          onHelp={() => {
            helping.value = true;
          }}
        />
      </div>
      {helping.value && (
        <KeysHelp
          keys={keys}
          onClose={() => {
            helping.value = false;
          }}
        />
      )}
    </div>
  );
}

function Caption({ side, player }: { side: Comparison["left"]; player: ReturnType<typeof createPlayer> }) {
  return (
    <>
      <strong class="numbers">v{side.version.number}</strong>
      <StatusView status={side.version.status} />
      <span class="numbers">{frameToTimecode(player.model, player.frame.value)}</span>
      <span class="numbers" data-testid={`frame-v${side.version.number}`}>
        {player.frame.value}
      </span>
    </>
  );
}
