import type { Player } from "./player.ts";
import type { View } from "./view.ts";

/** One key of the page: what it does is written once, for the keyboard and for the help alike. */
export interface Key {
  /** As `KeyboardEvent.key` says it, lower case for letters. */
  keys: readonly string[];
  shift?: boolean;
  /** With Ctrl, or with ⌘. */
  command?: boolean;
  shown: string;
  does: string;
  group: string;
  run: () => void;
}

export interface PageCommands {
  comment?: () => void;
  mark?: () => void;
  fullScreen: () => void;
  help: () => void;
  goTo: () => void;
  nextComment?: (by: 1 | -1) => void;
  draw?: () => void;
  undo?: () => void;
  redo?: () => void;
  panel?: () => void;
  escape?: () => void;
}

export function playerKeys(player: Player, view: View, page: PageCommands): Key[] {
  const play = "Play";
  const move = "Move";
  const review = "Review";
  const look = "Look";
  const list: Key[] = [
    { keys: [" "], shown: "Space", does: "Play or pause", group: play, run: player.toggle },
    { keys: ["l"], shown: "L", does: "Play; again: 2×, 4×, 8×", group: play, run: () => player.shuttle(1) },
    { keys: ["k"], shown: "K", does: "Pause", group: play, run: player.pause },
    {
      keys: ["j"],
      shown: "J",
      does: "Play backwards; again: faster",
      group: play,
      run: () => player.shuttle(-1),
    },
    { keys: ["arrowleft"], shown: "←", does: "One frame back", group: move, run: () => player.step(-1) },
    { keys: ["arrowright"], shown: "→", does: "One frame on", group: move, run: () => player.step(1) },
    {
      keys: ["arrowleft"],
      shift: true,
      shown: "⇧ ←",
      does: "Ten frames back",
      group: move,
      run: () => player.step(-10),
    },
    {
      keys: ["arrowright"],
      shift: true,
      shown: "⇧ →",
      does: "Ten frames on",
      group: move,
      run: () => player.step(10),
    },
    { keys: ["home"], shown: "Home", does: "First frame", group: move, run: () => player.seek(0) },
    {
      keys: ["end"],
      shown: "End",
      does: "Last frame",
      group: move,
      run: () => player.seek(player.model.frames - 1),
    },
    { keys: ["g"], shown: "G", does: "Go to a timecode, frame or time", group: move, run: page.goTo },
    { keys: ["i"], shown: "I", does: "Range starts here", group: play, run: () => player.setEdge("start") },
    { keys: ["o"], shown: "O", does: "Range ends here", group: play, run: () => player.setEdge("end") },
    {
      keys: ["x"],
      shown: "X",
      does: "Clear the range",
      group: play,
      run: () => {
        player.range.value = {};
      },
    },
    {
      keys: ["r"],
      shown: "R",
      does: "Loop the range, or everything",
      group: play,
      run: () => {
        player.looping.value = !player.looping.value;
      },
    },
    { keys: ["f"], shown: "F", does: "Full screen", group: look, run: page.fullScreen },
    {
      keys: ["z"],
      shown: "Z",
      does: "Picture: fit or 100 %",
      group: look,
      run: () => view.set(view.fit.value === "fit" ? "actual" : "fit"),
    },
    { keys: ["+", "="], shown: "+", does: "Zoom in", group: look, run: () => view.zoomBy(1.25) },
    { keys: ["-"], shown: "−", does: "Zoom out", group: look, run: () => view.zoomBy(0.8) },
    {
      keys: ["s"],
      shown: "S",
      does: "Safe areas",
      group: look,
      run: () => {
        view.safeAreas.value = !view.safeAreas.value;
      },
    },
    {
      keys: ["u"],
      shown: "U",
      does: "Sound on or off",
      group: look,
      run: () => player.setMuted(!player.muted.value),
    },
  ];
  const { comment, mark, nextComment, draw, undo, redo, panel } = page;
  if (comment)
    list.push({ keys: ["c"], shown: "C", does: "Comment on this frame", group: review, run: comment });
  if (mark)
    list.push({ keys: ["m"], shown: "M", does: "Set or remove your own mark", group: review, run: mark });
  if (draw) list.push({ keys: ["d"], shown: "D", does: "Draw on the picture", group: review, run: draw });
  if (undo && redo)
    list.push(
      { keys: ["z"], command: true, shown: "Ctrl Z", does: "Undo in the drawing", group: review, run: undo },
      {
        keys: ["z"],
        command: true,
        shift: true,
        shown: "Ctrl ⇧ Z",
        does: "Redo in the drawing",
        group: review,
        run: redo,
      },
    );
  if (nextComment)
    list.push(
      { keys: ["arrowdown"], shown: "↓", does: "Next comment", group: review, run: () => nextComment(1) },
      { keys: ["arrowup"], shown: "↑", does: "Previous comment", group: review, run: () => nextComment(-1) },
    );
  if (panel) list.push({ keys: ["p"], shown: "P", does: "Show or hide the panel", group: look, run: panel });
  if (page.escape)
    list.push({
      keys: ["escape"],
      shown: "Esc",
      does: "Back to the picture",
      group: review,
      run: page.escape,
    });
  list.push({ keys: ["?"], shown: "?", does: "These keys", group: look, run: page.help });
  return list;
}

const typing = new Set(["INPUT", "TEXTAREA", "SELECT"]);

/** Runs the page's keys, except while someone types or uses a dialog or a menu. */
export function listenForKeys(keys: () => readonly Key[]): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.altKey) return;
    const target = event.target as HTMLElement;
    const isRange = target instanceof HTMLInputElement && target.type === "range";
    if ((typing.has(target.tagName) && !isRange) || target.isContentEditable) return;
    if (target.closest("dialog, [role=menu]")) return;
    const pressed = event.key.toLowerCase();
    const presses =
      (target.tagName === "BUTTON" || target.tagName === "A") && (pressed === " " || pressed === "enter");
    if (presses || (isRange && pressed.startsWith("arrow"))) return;
    if (target.getAttribute("role") === "tab" && pressed.startsWith("arrow")) return;
    const command = event.ctrlKey || event.metaKey;
    const shifted = event.shiftKey && (pressed.length > 1 || command);
    const found = keys().find(
      (key) =>
        key.keys.includes(pressed) && Boolean(key.shift) === shifted && Boolean(key.command) === command,
    );
    if (!found) return;
    event.preventDefault();
    found.run();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
