import { useSignal } from "@preact/signals";
import { CircleAlert, CircleCheck, Clock, UserPlus, X } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { api } from "../api/client.ts";
import type { ReviewRequest } from "../api/types.ts";
import { Avatar } from "../ui/avatar.tsx";
import { now } from "../ui/clock.ts";
import { DayField, FormDialog, textOf } from "../ui/fields.tsx";
import { attempt, complain, say } from "../ui/toasts.tsx";
import { count, date } from "../ui/words.ts";
import type { Review } from "./review.ts";

const icon = { size: 14, strokeWidth: 2, "aria-hidden": true } as const;

/** Who was asked to look, until when, and what they said. */
export function ReviewRequests({ review }: { review: Review }) {
  const list = useSignal<ReviewRequest[]>([]);
  const asking = useSignal(false);
  const path = `/versions/${review.version.value.id}/review-requests`;
  const load = async () => {
    const answer = await api.get<{ items: ReviewRequest[] }>(path).catch(() => undefined);
    if (answer) list.value = answer.items;
  };
  // Verdicts are read again when one is given, which settles a request, and when somebody is asked.
  useEffect(() => void load(), [review.approvals.value]);
  const withdraw = async (request: ReviewRequest) => {
    try {
      await api.post(`/review-requests/${request.id}/withdraw`);
      await load();
    } catch (error) {
      complain("The request still stands.", error);
    }
  };
  return (
    <>
      <div class="panel-line">
        <h3>Reviewers</h3>
        {review.rights.upload && (
          <button
            type="button"
            class="button"
            onClick={() => {
              asking.value = true;
            }}
          >
            <UserPlus size={16} strokeWidth={1.5} aria-hidden="true" /> Request review
          </button>
        )}
      </div>
      {list.value.length === 0 ? (
        <p class="quiet small">Nobody was asked for a review of this version.</p>
      ) : (
        <ul class="verdicts">
          {list.value.map((request) => (
            <li key={request.id} class="request">
              <Avatar name={request.person.name} id={request.person.id} size={24} />
              <div>
                <p>
                  <strong>{request.person.name}</strong>
                  <Verdict request={request} />
                </p>
                <p class="quiet small">
                  Asked by {request.requestedBy}
                  {request.dueAt ? `, due ${date(request.dueAt)}` : ""}
                </p>
                {request.note && <p class="comment-text">{request.note}</p>}
              </div>
              {review.rights.upload && !request.verdict && (
                <button
                  type="button"
                  class="icon-button"
                  aria-label={`Withdraw the request to ${request.person.name}`}
                  title="Withdraw"
                  onClick={() => void withdraw(request)}
                >
                  <X size={16} strokeWidth={1.5} aria-hidden="true" />
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {asking.value && (
        <AskDialog
          review={review}
          path={path}
          onClose={(asked) => {
            asking.value = false;
            if (asked) void load();
          }}
        />
      )}
    </>
  );
}

function Verdict({ request }: { request: ReviewRequest }) {
  if (request.verdict === "approved")
    return (
      <span class="state ok">
        <CircleCheck {...icon} /> Approved
      </span>
    );
  if (request.verdict === "changes-requested")
    return (
      <span class="state warn">
        <CircleAlert {...icon} /> Changes requested
      </span>
    );
  const late = request.dueAt !== null && Date.parse(request.dueAt) < now();
  return (
    <span class={`state ${late ? "bad" : "plain"}`}>
      <Clock {...icon} /> {late ? "Overdue" : "Awaited"}
    </span>
  );
}

function AskDialog({
  review,
  path,
  onClose,
}: {
  review: Review;
  path: string;
  onClose: (asked: boolean) => void;
}) {
  const people = review.members.value.filter(
    ({ role, person }) => role !== "viewer" && person.id !== review.me.id,
  );
  const ask = async (data: FormData) => {
    const personIds = data.getAll("person").map(String);
    const [due, note] = [textOf(data, "due"), textOf(data, "note")];
    if (personIds.length === 0) {
      say("Choose at least one person.", undefined, true);
      return;
    }
    await attempt("Nobody was asked.", async () => {
      await api.post(path, {
        personIds,
        ...(due ? { dueAt: new Date(`${due}T18:00:00`).toISOString() } : {}),
        ...(note ? { note } : {}),
      });
      say(`${count(personIds.length, "person", "people")} asked.`);
      onClose(true);
    });
  };
  return (
    <FormDialog title="Request review" save="Ask" onSave={ask} onClose={() => onClose(false)}>
      <fieldset class="share-allow">
        <legend>Of whom</legend>
        {people.map(({ person, role }) => (
          <label class="check" key={person.id}>
            <input type="checkbox" name="person" value={person.id} />
            <span>
              {person.name} <span class="quiet small">{role}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <DayField label="Until" name="due" />
      <div class="field">
        <label for="ask-note">What to look at</label>
        <textarea id="ask-note" name="note" class="input" rows={2} maxLength={2000} />
      </div>
    </FormDialog>
  );
}
