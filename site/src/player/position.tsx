import { useComputed, useSignal } from "@preact/signals";
import { frameToSeconds, frameToTimecode, TimecodeError, timecodeToFrame } from "#core/timecode/timecode.ts";
import { focusNow } from "../ui/focus-now.ts";
import { Menu, MenuItem } from "../ui/menu.tsx";
import type { Player } from "./player.ts";
import type { Counting, View } from "./view.ts";

interface Props {
  player: Player;
  view: View;
  going: boolean;
  onGoing: (going: boolean) => void;
}

const names: Record<Counting, string> = { timecode: "Timecode", frames: "Frames", seconds: "Seconds" };

/** Where the play head is; a click turns it into a field that takes timecode, a frame or seconds. */
export function Position({ player, view, going, onGoing }: Props) {
  const { model } = player;
  const counting = view.counting.value;
  // Bound to the text itself: a frame that passes changes a word, not the page.
  const words = useComputed(() => frameToTimecode(model, player.frame.value));
  const clock = useComputed(() => `${frameToSeconds(model, player.frame.value).toFixed(3)} s`);
  const timecode = (
    <span class="timecode" data-testid="timecode">
      {words}
    </span>
  );
  const number = (
    <span class="frame-number">
      <i>f</i>
      <span data-testid="frame">{player.frame}</span>
    </span>
  );
  const seconds = <span>{clock}</span>;
  const most = {
    timecode: frameToTimecode(model, model.frames - 1),
    frames: String(model.frames - 1),
    seconds: `${frameToSeconds(model, model.frames).toFixed(3)} s`,
  }[counting];
  return (
    <div class="position numbers">
      {going ? (
        <GoTo player={player} onDone={() => onGoing(false)} />
      ) : (
        <button type="button" class="position-button" title="Go to (G)" onClick={() => onGoing(true)}>
          <span class="visually-hidden">Go to </span>
          {counting === "timecode" && timecode}
          {counting === "frames" && number}
          {counting === "seconds" && seconds}
        </button>
      )}
      <span class="position-length quiet" title="Last frame">
        / {most}
      </span>
      <span class="position-other quiet">
        {counting === "timecode" ? number : timecode}
        {counting === "seconds" && number}
      </span>
      <Menu
        label="Count in"
        side="above"
        class="icon-button counting"
        trigger={<span aria-hidden="true">▾</span>}
      >
        {(Object.keys(names) as Counting[]).map((key) => (
          <MenuItem key={key} checked={counting === key} onSelect={() => view.count(key)}>
            {names[key]}
          </MenuItem>
        ))}
      </Menu>
    </div>
  );
}

function GoTo({ player, onDone }: { player: Player; onDone: () => void }) {
  const wrong = useSignal("");
  return (
    <form
      class="go-to"
      onSubmit={(event) => {
        event.preventDefault();
        const field = event.currentTarget.elements.namedItem("position") as HTMLInputElement;
        try {
          player.seek(timecodeToFrame(player.model, field.value, player.head.value));
          onDone();
        } catch (error) {
          if (!(error instanceof TimecodeError)) throw error;
          wrong.value = error.message;
        }
      }}
    >
      <input
        name="position"
        class="input numbers"
        aria-label="Go to timecode, frame or seconds"
        aria-invalid={wrong.value !== ""}
        placeholder={frameToTimecode(player.model, player.head.value)}
        ref={focusNow}
        autocomplete="off"
        spellcheck={false}
        onKeyDown={(event) => {
          if (event.key === "Escape") onDone();
        }}
        onBlur={(event) => {
          if (!event.currentTarget.value) onDone();
        }}
      />
      {wrong.value && (
        <p role="alert" class="go-to-wrong">
          {wrong.value}
        </p>
      )}
    </form>
  );
}
