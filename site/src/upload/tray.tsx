import { useComputed, useSignal } from "@preact/signals";
import { ChevronDown, ChevronUp, CircleAlert, CircleCheck, Pause, Play, RotateCcw, X } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { count, size, timeLeft } from "../ui/words.ts";
import { findInterrupted, takeUp } from "./interrupted.ts";
import { leaving, type Stage, type Transfer, transfers } from "./state.ts";
import { cancel, dismiss, pause, resume } from "./uploads.ts";
import "./tray.css";

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;
const active = new Set<Stage>(["queued", "sending", "waiting", "finishing", "copying", "building"]);

/** A folder of thousands is shown by what moves and what failed; the rest is a number. */
const mostRows = 60;
const rank = ({ stage }: Transfer) => (stage === "done" ? 2 : stage === "queued" ? 1 : 0);

/** Uploads, at the edge of every page; it stays when one moves on to another. */
export function Tray() {
  const folded = useSignal(false);
  const ready = useSignal(false);
  const list = transfers.value;
  const busy = useComputed(() => transfers.value.filter(({ stage }) => active.has(stage)));
  useEffect(() => {
    ready.value = true;
    void findInterrupted();
    const warn = (event: BeforeUnloadEvent) => {
      if (leaving.value) event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, []);
  if (!ready.value || list.length === 0) return null;

  const sending = list.filter(({ stage }) =>
    ["queued", "sending", "waiting", "paused", "finishing"].includes(stage),
  );
  const bytes = sending.reduce((sum, one) => sum + one.bytes, 0);
  const sent = sending.reduce((sum, one) => sum + one.sent, 0);
  const speed = sending.reduce((sum, one) => sum + one.speed, 0);
  const shown = list.length > mostRows ? list.toSorted((a, b) => rank(a) - rank(b)).slice(0, mostRows) : list;
  const title =
    busy.value.length > 0 ? `${count(busy.value.length, "file")} on the way` : count(list.length, "upload");
  return (
    <section class="tray" aria-label="Uploads">
      <header>
        <div>
          <h2>{title}</h2>
          {sending.length > 0 && (
            <p class="numbers small quiet">
              {size(sent)} of {size(bytes)}
              {speed > 0 && ` · ${size(speed)}/s · ${timeLeft((bytes - sent) / speed)}`}
            </p>
          )}
        </div>
        <button
          type="button"
          class="icon-button"
          aria-label={folded.value ? "Show uploads" : "Fold uploads"}
          aria-expanded={!folded.value}
          onClick={() => {
            folded.value = !folded.value;
          }}
        >
          {folded.value ? <ChevronUp {...icon} /> : <ChevronDown {...icon} />}
        </button>
        {busy.value.length === 0 && (
          <button
            type="button"
            class="icon-button"
            aria-label="Clear finished uploads"
            onClick={() => {
              for (const { key, stage } of list) if (stage === "done" || stage === "failed") dismiss(key);
            }}
          >
            <X {...icon} />
          </button>
        )}
      </header>
      {!folded.value && (
        <ul>
          {shown.map((transfer) => (
            <Row key={transfer.key} transfer={transfer} />
          ))}
          {list.length > shown.length && (
            <li class="tray-row quiet small">and {list.length - shown.length} more</li>
          )}
        </ul>
      )}
    </section>
  );
}

function Row({ transfer }: { transfer: Transfer }) {
  const { key, name, stage, assetId } = transfer;
  const share =
    stage === "copying" || stage === "building" ? transfer.progress : transfer.sent / transfer.bytes;
  return (
    <li class={`tray-row ${stage}`}>
      <div class="tray-name">
        {assetId && stage !== "failed" ? (
          <a href={`/a/${assetId}`} class="ellipsis" title={name}>
            {name}
          </a>
        ) : (
          <span class="ellipsis" title={name}>
            {name}
          </span>
        )}
        <Buttons transfer={transfer} />
      </div>
      {stage !== "done" && stage !== "failed" && (
        <div
          class="progress"
          role="progressbar"
          aria-label={name}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(share * 100)}
          style={{ "--done": share }}
        >
          <span />
        </div>
      )}
      <p
        class={stage === "failed" ? "small" : "numbers small quiet"}
        role={stage === "failed" ? "alert" : undefined}
      >
        {wordsOf(transfer)}
      </p>
      {assetId && stage === "done" && (
        <a class="small" href={`/a/${assetId}`}>
          Open
        </a>
      )}
      <span class="visually-hidden" data-upload={key} />
    </li>
  );
}

function Buttons({ transfer }: { transfer: Transfer }) {
  const { key, stage, name } = transfer;
  const button = (label: string, Icon: typeof Pause, run: () => void) => (
    <button type="button" class="icon-button" aria-label={`${label} ${name}`} title={label} onClick={run}>
      <Icon {...icon} />
    </button>
  );
  return (
    <span class="tray-buttons">
      {stage === "done" && <CircleCheck {...icon} color="var(--ok)" />}
      {stage === "failed" && <CircleAlert {...icon} color="var(--bad)" />}
      {(stage === "sending" || stage === "waiting" || stage === "queued") &&
        button("Pause", Pause, () => pause(key))}
      {stage === "paused" && button("Resume", Play, () => resume(key))}
      {stage === "failed" && transfer.assetId === undefined && button("Retry", RotateCcw, () => resume(key))}
      {stage === "interrupted" && button("Resume", Play, () => void takeUp(key, choose))}
      {stage === "done" || (stage === "failed" && transfer.assetId !== undefined)
        ? button("Dismiss", X, () => dismiss(key))
        : !["copying", "building"].includes(stage) && button("Cancel", X, () => void cancel(key))}
    </span>
  );
}

function wordsOf({ stage, sent, bytes, speed, progress, reason }: Transfer): string {
  // Not done is never said to be at 100.
  const percent = `${Math.min(99, Math.round(progress * 100))} %`;
  switch (stage) {
    case "queued":
      return `${size(bytes)}, waits for its turn`;
    case "sending":
      return `${size(sent)} of ${size(bytes)}${speed > 0 ? ` · ${size(speed)}/s · ${timeLeft((bytes - sent) / speed)}` : ""}`;
    case "waiting":
      return "No connection. Goes on by itself when it is back.";
    case "paused":
      return `Paused at ${Math.round((sent / bytes) * 100)} %`;
    case "finishing":
      return "Checking what arrived";
    case "copying":
      return reason ?? `Locking the master${progress > 0 ? `, ${percent}` : ""}`;
    case "building":
      return reason ?? `Building the preview${progress > 0 ? `, ${percent}` : ""}`;
    case "done":
      return "Ready to watch";
    case "failed":
      return reason ?? "The upload stopped.";
    case "interrupted":
      return reason ?? `Stopped at ${size(sent)} of ${size(bytes)}. Resume with the same file.`;
  }
}

function choose(): Promise<File | undefined> {
  return new Promise((resolve) => {
    const picker = document.createElement("input");
    picker.type = "file";
    picker.onchange = () => resolve(picker.files?.[0]);
    picker.oncancel = () => resolve(undefined);
    picker.click();
  });
}
