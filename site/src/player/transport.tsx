import {
  ChevronLeft,
  ChevronRight,
  Gauge,
  Keyboard,
  Maximize,
  Pause,
  Play,
  Repeat,
  SkipBack,
  SkipForward,
  Volume1,
  Volume2,
  VolumeX,
  X,
} from "lucide-preact";
import { frameToTimecode } from "#core/timecode/timecode.ts";
import { Menu, MenuItem } from "../ui/menu.tsx";
import { LookMenu } from "./look-menu.tsx";
import type { Player } from "./player.ts";
import { Position } from "./position.tsx";
import type { Stream } from "./stream.ts";
import type { View } from "./view.ts";
import "./transport.css";

interface Props {
  player: Player;
  view: View;
  stream: Stream | undefined;
  going: boolean;
  onGoing: (going: boolean) => void;
  onFullScreen: () => void;
  onHelp: () => void;
}

const rates = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 4];
const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;
/** A click must not take the focus, or the space bar would press the button again instead of playing. */
const keepFocus = (event: MouseEvent) => {
  if ((event.target as HTMLElement).closest("button")) event.preventDefault();
};

export function Transport({ player, view, stream, going, onGoing, onFullScreen, onHelp }: Props) {
  const { model, looping, playing, speed } = player;
  const shownSpeed = playing.value && speed.value !== 1 ? speed.value * player.rate.value : player.rate.value;
  return (
    <div class="transport" role="group" aria-label="Transport" onMouseDown={keepFocus}>
      <div class="transport-group">
        <button
          type="button"
          class="icon-button wide-only"
          aria-label="First frame"
          title="First frame (Home)"
          onClick={() => player.seek(0)}
        >
          <SkipBack {...icon} />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="One frame back"
          title="One frame back (←)"
          onClick={() => player.step(-1)}
        >
          <ChevronLeft {...icon} />
        </button>
        <button
          type="button"
          class="icon-button play"
          aria-label={playing.value ? "Pause" : "Play"}
          title={playing.value ? "Pause (Space)" : "Play (Space)"}
          onClick={player.toggle}
        >
          {playing.value ? <Pause {...icon} size={20} /> : <Play {...icon} size={20} />}
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="One frame on"
          title="One frame on (→)"
          onClick={() => player.step(1)}
        >
          <ChevronRight {...icon} />
        </button>
        <button
          type="button"
          class="icon-button wide-only"
          aria-label="Last frame"
          title="Last frame (End)"
          onClick={() => player.seek(model.frames - 1)}
        >
          <SkipForward {...icon} />
        </button>
      </div>
      <Position player={player} view={view} going={going} onGoing={onGoing} />
      <div class="transport-group">
        <Menu label="Speed" side="above" trigger={<span class="numbers speed">{shownSpeed}×</span>}>
          {rates.map((rate) => (
            <MenuItem key={rate} checked={player.rate.value === rate} onSelect={() => player.setRate(rate)}>
              {rate}×
            </MenuItem>
          ))}
        </Menu>
        <button
          type="button"
          class="icon-button"
          aria-label="Loop"
          title="Loop the range, or everything (R)"
          aria-pressed={looping.value}
          onClick={() => {
            looping.value = !looping.value;
          }}
        >
          <Repeat {...icon} />
        </button>
        <RangeEdges player={player} />
      </div>
      <div class="transport-group end">
        {stream && <Rungs stream={stream} />}
        <Volume player={player} />
        <LookMenu view={view} />
        <button
          type="button"
          class="icon-button wide-only"
          aria-label="Keys"
          title="Keys (?)"
          onClick={onHelp}
        >
          <Keyboard {...icon} />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Full screen"
          title="Full screen (F)"
          onClick={onFullScreen}
        >
          <Maximize {...icon} />
        </button>
      </div>
    </div>
  );
}

function RangeEdges({ player }: { player: Player }) {
  const { model, range } = player;
  const { start, end } = range.value;
  return (
    <>
      <button
        type="button"
        class="icon-button numbers edge"
        aria-label="Range starts here"
        title="Range starts here (I)"
        onClick={() => player.setEdge("start")}
      >
        [
      </button>
      <button
        type="button"
        class="icon-button numbers edge"
        aria-label="Range ends here"
        title="Range ends here (O)"
        onClick={() => player.setEdge("end")}
      >
        ]
      </button>
      {(start !== undefined || end !== undefined) && (
        <button
          type="button"
          class="icon-button range-clear"
          aria-label="Clear the range"
          title="Clear the range (X)"
          onClick={() => {
            range.value = {};
          }}
        >
          <span class="numbers">
            {frameToTimecode(model, start ?? 0)}–{frameToTimecode(model, end ?? model.frames - 1)}
          </span>
          <X {...icon} />
        </button>
      )}
    </>
  );
}

function Rungs({ stream }: { stream: Stream }) {
  const { rungs, chosen, shown } = stream;
  // Sound alone has one, which has no height to be named by.
  if (!rungs.value.some(({ height }) => height > 0)) return null;
  const current = rungs.value.find((rung) => rung.index === shown.value);
  return (
    <Menu
      label="Quality"
      side="above"
      align="end"
      class="icon-button rung"
      trigger={
        <>
          <Gauge {...icon} />
          <span class="numbers">{current?.name ?? "Auto"}</span>
        </>
      }
    >
      <MenuItem checked={chosen.value === -1} onSelect={() => stream.choose(-1)}>
        Automatic
      </MenuItem>
      {rungs.value.map((rung) => (
        <MenuItem
          key={rung.index}
          checked={chosen.value === rung.index}
          onSelect={() => stream.choose(rung.index)}
        >
          {rung.name}
        </MenuItem>
      ))}
    </Menu>
  );
}

function Volume({ player }: { player: Player }) {
  const level = player.muted.value ? 0 : player.volume.value;
  const Icon = level === 0 ? VolumeX : level < 0.5 ? Volume1 : Volume2;
  return (
    <div class="volume">
      <button
        type="button"
        class="icon-button"
        aria-label={player.muted.value ? "Sound on" : "Mute"}
        title={player.muted.value ? "Sound on (U)" : "Mute (U)"}
        onClick={() => player.setMuted(!player.muted.value)}
      >
        <Icon {...icon} />
      </button>
      <input
        type="range"
        min={0}
        max={1}
        step={0.05}
        value={level}
        aria-label="Volume"
        onInput={(event) => player.setVolume(Number(event.currentTarget.value))}
      />
    </div>
  );
}
