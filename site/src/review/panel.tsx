import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Approval } from "./approval.tsx";
import { Custody } from "./custody.tsx";
import { Details } from "./details.tsx";
import type { Review } from "./review.ts";
import { Versions } from "./versions.tsx";
import "./panel.css";

const tabs = ["Comments", "Approval", "Versions", "Custody", "Details"] as const;
type Tab = (typeof tabs)[number];

/** The tabs beside the picture. Comments stay in the page while another tab is looked at. */
export function Panel({ review, children }: { review: Review; children: ComponentChildren }) {
  const tab = useSignal<Tab>("Comments");
  const shown = review.start.guest
    ? tabs.filter(
        (name) => name === "Comments" || (name === "Approval" && review.rights.approve) || name === "Details",
      )
    : tabs;
  const onKey = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const next = shown[(shown.indexOf(tab.value) + by + shown.length) % shown.length] ?? "Comments";
    tab.value = next;
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <aside class="panel-side" aria-label="Review">
      <div class="tabs" role="tablist" aria-label="Review" onKeyDown={onKey}>
        {shown.map((name) => (
          <button
            type="button"
            key={name}
            id={`tab-${name}`}
            role="tab"
            aria-selected={tab.value === name}
            aria-controls="panel"
            tabIndex={tab.value === name ? 0 : -1}
            onClick={() => {
              tab.value = name;
            }}
          >
            {name}
            {name === "Comments" && <span class="numbers tab-count">{review.open.value}</span>}
          </button>
        ))}
      </div>
      <div class="panel-body" id="panel" role="tabpanel" aria-labelledby={`tab-${tab.value}`}>
        <div class="panel-page" hidden={tab.value !== "Comments"}>
          {children}
        </div>
        {tab.value === "Approval" && <Approval review={review} />}
        {tab.value === "Versions" && <Versions review={review} />}
        {tab.value === "Custody" && <Custody review={review} />}
        {tab.value === "Details" && <Details review={review} />}
      </div>
    </aside>
  );
}
