import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../api/client.ts";
import type { DeadLetter, QueueState } from "../api/types.ts";
import { useAlive } from "../ui/alive.ts";
import { actions, Table } from "../ui/table.tsx";
import { attempt, complain, say } from "../ui/toasts.tsx";
import { count, moment } from "../ui/words.ts";
import "./settings.css";

const words: Record<string, string> = {
  "previews:build": "Previews to build",
  "masters:copy": "Masters to copy",
  "webhooks:deliver": "Webhooks to deliver",
  "edge:purge": "Caches to clear",
};
const stateColumns = [
  { name: "Queue" },
  ...["Ready", "Later", "In work", "Given up"].map((name) => ({ name, right: true })),
  actions,
];
const deadColumns = [
  { name: "Queue" },
  { name: "When" },
  { name: "About" },
  { name: "Why" },
  { name: "Tries", right: true },
  actions,
];

/** What waits, what is being done, and what could not be done, for those who run the deployment. */
export function Queues() {
  const queues = useSignal<QueueState[] | undefined>(undefined);
  const dead = useSignal<DeadLetter[] | undefined>(undefined);
  /** Said once, not at each look. */
  const isFailing = useRef(false);
  const load = async () => {
    try {
      const [state, letters] = await Promise.all([
        api.get<{ items: QueueState[] }>("/admin/queues"),
        api.get<{ items: DeadLetter[] }>("/admin/queues/dead", { limit: 100 }),
      ]);
      queues.value = state.items;
      dead.value = letters.items;
      isFailing.current = false;
    } catch (error) {
      if (!isFailing.current) complain("The queues could not be read; this page keeps trying.", error);
      isFailing.current = true;
    }
  };
  useEffect(() => {
    void load();
    const timer = setInterval(load, 3000);
    return () => clearInterval(timer);
  }, []);
  const redrive = (queue: string, deadIds?: string[]) =>
    attempt("Nothing was sent again.", async () => {
      const { moved } = await api.post<{ moved: number }>("/admin/queues/redrive", {
        queue,
        ...(deadIds ? { deadIds } : {}),
      });
      say(`${count(moved, "message")} sent again.`);
      await load();
    });
  const again = (label: string, queue: string, deadIds?: string[]) => (
    <button type="button" class="button plain" onClick={() => void redrive(queue, deadIds)}>
      {label}
    </button>
  );
  const why = ({ reason, traceId }: DeadLetter) => (
    <span class="any-length">
      {reason}
      {traceId && <span class="quiet small row-note">Trace {traceId}</span>}
    </span>
  );
  const number = (n: number, bad = false) => <span class={`numbers${bad ? " state bad" : ""}`}>{n}</span>;
  return (
    <div class="page narrow" {...useAlive()}>
      <div class="page-head">
        <h1>Queues</h1>
      </div>
      <section class="section">
        <Table
          label="Queues"
          columns={stateColumns}
          none="Nothing is known of the queues just now."
          rows={queues.value?.map((one) => ({
            key: one.queue,
            note: <span class="numbers">{one.queue}</span>,
            cells: [
              words[one.queue] ?? one.queue,
              number(one.ready),
              number(one.delayed),
              number(one.leased),
              number(one.dead, one.dead > 0),
              one.dead > 0 && again("Send all again", one.queue),
            ],
          }))}
        />
      </section>
      <section class="section">
        <h2>Given up</h2>
        <Table
          label="Given up"
          columns={deadColumns}
          none="Nothing was given up. Everything that was accepted is done or on its way."
          rows={dead.value?.map((letter) => ({
            key: letter.deadId,
            cells: [
              words[letter.queue] ?? letter.queue,
              <span class="quiet">{moment(letter.at)}</span>,
              <span class="numbers small">{letter.id ?? letter.key}</span>,
              why(letter),
              number(letter.attempts),
              again("Send again", letter.queue, [letter.deadId]),
            ],
          }))}
        />
      </section>
    </div>
  );
}
