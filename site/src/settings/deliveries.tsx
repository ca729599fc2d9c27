import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../api/client.ts";
import type { Delivery, Page } from "../api/types.ts";
import { complain, say } from "../ui/toasts.tsx";
import { moment } from "../ui/words.ts";

const tones = { pending: "info", delivered: "ok", failed: "bad" } as const;
const words = { pending: "Waiting", delivered: "Delivered", failed: "Given up" } as const;

/** What was sent to an endpoint, how it answered, and when it is tried again. */
export function Deliveries({ webhookId }: { webhookId: string }) {
  const list = useSignal<Delivery[] | undefined>(undefined);
  const shown = useSignal<string | undefined>(undefined);
  const state = useSignal("");
  const load = async () => {
    try {
      const page = await api.get<Page<Delivery>>(`/webhooks/${webhookId}/deliveries`, {
        limit: 50,
        state: state.value,
      });
      list.value = page.items;
    } catch (error) {
      complain("The deliveries could not be read.", error);
    }
  };
  useEffect(() => {
    void load();
    const timer = setInterval(load, 4000);
    return () => clearInterval(timer);
  }, [state.value]);
  const again = async (delivery: Delivery) => {
    try {
      await api.post(`/webhooks/deliveries/${delivery.id}/redeliver`);
      say("It is sent once more.");
      await load();
    } catch (error) {
      complain("It was not sent again.", error);
    }
  };
  if (!list.value) return <div class="skeleton" style={{ height: "64px" }} />;
  return (
    <div class="deliveries">
      <div class="section-head">
        <h3>Deliveries</h3>
        <select
          class="input"
          aria-label="Filter deliveries"
          value={state.value}
          onChange={(event) => {
            state.value = event.currentTarget.value;
          }}
        >
          <option value="">All</option>
          {Object.entries(words).map(([key, word]) => (
            <option key={key} value={key}>
              {word}
            </option>
          ))}
        </select>
      </div>
      {list.value.length === 0 && <p class="quiet">Nothing was sent yet.</p>}
      {list.value.length > 0 && (
        <table class="table">
          <thead>
            <tr>
              <th>Event</th>
              <th>State</th>
              <th class="right">Tries</th>
              <th>Answer</th>
              <th>When</th>
              <th>
                <span class="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.value.map((delivery) => (
              <tr key={delivery.id}>
                <td class="numbers">
                  <button
                    type="button"
                    class="link"
                    aria-expanded={shown.value === delivery.id}
                    onClick={() => {
                      shown.value = shown.value === delivery.id ? undefined : delivery.id;
                    }}
                  >
                    {delivery.type}
                  </button>
                  {shown.value === delivery.id && (
                    <pre class="body-text numbers">{pretty(delivery.body)}</pre>
                  )}
                </td>
                <td>
                  <span class={`state ${tones[delivery.state]}`}>{words[delivery.state]}</span>
                </td>
                <td class="numbers right">{delivery.attempts}</td>
                <td>{delivery.lastStatus ?? delivery.lastError ?? ""}</td>
                <td class="quiet">
                  {moment(delivery.deliveredAt ?? delivery.createdAt)}
                  {delivery.nextAttemptAt && delivery.state === "pending" && (
                    <span class="row-note small">next {moment(delivery.nextAttemptAt)}</span>
                  )}
                </td>
                <td class="right">
                  <button type="button" class="button plain" onClick={() => void again(delivery)}>
                    Send again
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
