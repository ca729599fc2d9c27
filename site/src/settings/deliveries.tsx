import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../api/client.ts";
import type { Delivery, Page } from "../api/types.ts";
import { actions, Table } from "../ui/table.tsx";
import { attempt, complain, say } from "../ui/toasts.tsx";
import { moment } from "../ui/words.ts";

const tones = { pending: "info", delivered: "ok", failed: "bad" } as const;
const words = { pending: "Waiting", delivered: "Delivered", failed: "Given up" } as const;
const columns = [
  { name: "Event" },
  { name: "State" },
  { name: "Tries", right: true },
  { name: "Answer" },
  { name: "When" },
  actions,
];

/** What was sent to an endpoint, how it answered, and when it is tried again. */
export function Deliveries({ webhookId }: { webhookId: string }) {
  const list = useSignal<Delivery[] | undefined>(undefined);
  const state = useSignal("");
  /** Said once, not at each look. */
  const isFailing = useRef(false);
  const load = async () => {
    try {
      const query = { limit: 50, state: state.value };
      list.value = (await api.get<Page<Delivery>>(`/webhooks/${webhookId}/deliveries`, query)).items;
      isFailing.current = false;
    } catch (error) {
      if (!isFailing.current) complain("The deliveries could not be read; this page keeps trying.", error);
      isFailing.current = true;
    }
  };
  useEffect(() => {
    void load();
    const timer = setInterval(load, 4000);
    return () => clearInterval(timer);
  }, [state.value]);
  const again = (delivery: Delivery) =>
    attempt("It was not sent again.", async () => {
      await api.post(`/webhooks/deliveries/${delivery.id}/redeliver`);
      say("It is sent once more.");
      await load();
    });
  const rows = list.value?.map((delivery) => ({
    key: delivery.id,
    story: () => <pre class="body-text numbers">{pretty(delivery.body)}</pre>,
    cells: [
      <span class="numbers">{delivery.type}</span>,
      <span class={`state ${tones[delivery.state]}`}>{words[delivery.state]}</span>,
      <span class="numbers">{delivery.attempts}</span>,
      delivery.lastStatus ?? delivery.lastError,
      <span class="quiet">
        {moment(delivery.deliveredAt ?? delivery.createdAt)}
        {delivery.nextAttemptAt && delivery.state === "pending" && (
          <span class="row-note small">next {moment(delivery.nextAttemptAt)}</span>
        )}
      </span>,
      <button type="button" class="button plain" onClick={() => void again(delivery)}>
        Send again
      </button>,
    ],
  }));
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
      <Table label="Deliveries" columns={columns} rows={rows} none="Nothing was sent yet." />
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
