import { useSignal } from "@preact/signals";
import { CircleAlert, CircleCheck } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { api } from "../api/client.ts";
import type { Verdict } from "../api/types.ts";
import { Avatar } from "../ui/avatar.tsx";
import { StatusView } from "../ui/status.tsx";
import { complain, say } from "../ui/toasts.tsx";
import { moment } from "../ui/words.ts";
import { loadApprovals } from "./follow.ts";
import type { Review } from "./review.ts";
import { ReviewRequests } from "./review-requests.tsx";

const words: Record<Verdict, string> = { approved: "Approved", "changes-requested": "Changes requested" };

export function Approval({ review }: { review: Review }) {
  const note = useSignal("");
  const busy = useSignal(false);
  const list = review.approvals.value;
  useEffect(() => void loadApprovals(review), []);
  const give = async (verdict: Verdict) => {
    busy.value = true;
    try {
      await api.post(`/versions/${review.version.value.id}/approval`, {
        verdict,
        ...(note.value.trim() ? { note: note.value.trim() } : {}),
      });
      note.value = "";
      review.version.value = { ...review.version.value, status: verdict };
      say(verdict === "approved" ? "You approved this version." : "You asked for changes.");
      await loadApprovals(review);
    } catch (error) {
      complain("Your verdict was not recorded.", error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <div class="panel-page padded">
      <div class="panel-line">
        <h2>Version {review.version.value.number}</h2>
        <StatusView status={review.version.value.status} />
      </div>
      {review.rights.approve && (
        <form class="verdict" onSubmit={(event) => event.preventDefault()}>
          <div class="field">
            <label for="verdict-note">Note, if you like</label>
            <textarea
              id="verdict-note"
              class="input"
              rows={2}
              value={note.value}
              onInput={(event) => {
                note.value = event.currentTarget.value;
              }}
            />
          </div>
          <div class="verdict-buttons">
            <button
              type="button"
              class="button"
              disabled={busy.value}
              onClick={() => void give("changes-requested")}
            >
              <CircleAlert size={16} strokeWidth={1.5} aria-hidden="true" /> Request changes
            </button>
            <button
              type="button"
              class="button main"
              disabled={busy.value}
              onClick={() => void give("approved")}
            >
              <CircleCheck size={16} strokeWidth={1.5} aria-hidden="true" /> Approve
            </button>
          </div>
        </form>
      )}
      {!review.start.guest && <ReviewRequests review={review} />}
      <h3>Verdicts</h3>
      {list === undefined ? (
        <div class="skeleton" style={{ height: "48px" }} />
      ) : list.length === 0 ? (
        <p class="quiet small">Nobody has given a verdict on this version yet.</p>
      ) : (
        <ul class="verdicts">
          {list.map((approval) => (
            <li key={approval.id}>
              <Avatar name={approval.author.name} id={approval.author.id} size={24} />
              <div>
                <p>
                  <strong>{approval.author.name}</strong>{" "}
                  <span class={`state ${approval.verdict === "approved" ? "ok" : "warn"}`}>
                    {approval.verdict === "approved" ? (
                      <CircleCheck size={14} strokeWidth={2} aria-hidden="true" />
                    ) : (
                      <CircleAlert size={14} strokeWidth={2} aria-hidden="true" />
                    )}
                    {words[approval.verdict]}
                  </span>
                </p>
                {approval.note && <p class="comment-text">{approval.note}</p>}
                <time class="quiet small" dateTime={approval.at}>
                  {moment(approval.at)}
                </time>
              </div>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
