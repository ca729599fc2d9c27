import { CircleAlert, CircleCheck, CircleDot, CircleX, LoaderCircle } from "lucide-preact";
import type { Status } from "../api/types.ts";

const looks = {
  processing: { word: "Processing", tone: "info", icon: LoaderCircle },
  "in-review": { word: "In review", tone: "plain", icon: CircleDot },
  "changes-requested": { word: "Changes requested", tone: "warn", icon: CircleAlert },
  approved: { word: "Approved", tone: "ok", icon: CircleCheck },
  failed: { word: "Failed", tone: "bad", icon: CircleX },
} as const;

export const statusWords = (status: Status) => looks[status].word;
export const statuses = Object.keys(looks) as Status[];

/** A state as a shape, a colour and a word. */
export function StatusView({ status }: { status: Status }) {
  const { word, tone, icon: Icon } = looks[status];
  return (
    <span class={`state ${tone}`}>
      <Icon size={14} strokeWidth={2} aria-hidden="true" />
      {word}
    </span>
  );
}
