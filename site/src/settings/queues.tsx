import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../api/client.ts";
import type { DeadLetter, QueueState } from "../api/types.ts";
import { useAlive } from "../ui/alive.ts";
import { complain, say } from "../ui/toasts.tsx";
import { count, moment } from "../ui/words.ts";
import "./settings.css";

const words: Record<string, string> = {
  "previews:build": "Previews to build",
  "masters:copy": "Masters to copy",
  "webhooks:deliver": "Webhooks to deliver",
  "edge:purge": "Caches to clear",
};

/** What waits, what is being done, and what could not be done, for those who run the deployment. */
export function Queues() {
  const queues = useSignal<QueueState[] | undefined>(undefined);
  const dead = useSignal<DeadLetter[]>([]);
  const load = async () => {
    try {
      const [state, letters] = await Promise.all([
        api.get<{ items: QueueState[] }>("/admin/queues"),
        api.get<{ items: DeadLetter[] }>("/admin/queues/dead", { limit: 100 }),
      ]);
      queues.value = state.items;
      dead.value = letters.items;
    } catch (error) {
      queues.value ??= [];
      complain("The queues could not be read.", error);
    }
  };
  useEffect(() => {
    void load();
    const timer = setInterval(load, 3000);
    return () => clearInterval(timer);
  }, []);
  const redrive = async (queue: string, deadIds?: string[]) => {
    try {
      const { moved } = await api.post<{ moved: number }>("/admin/queues/redrive", {
        queue,
        ...(deadIds ? { deadIds } : {}),
      });
      say(`${count(moved, "message")} sent again.`);
      await load();
    } catch (error) {
      complain("Nothing was sent again.", error);
    }
  };
  return (
    <div class="page narrow" {...useAlive()}>
      <div class="page-head">
        <h1>Queues</h1>
      </div>
      {!queues.value ? (
        <div class="skeleton" style={{ height: "200px" }} />
      ) : (
        <section class="section">
          <section class="panel scroll-x" aria-label="Queues table" tabIndex={0}>
            <table class="table">
              <thead>
                <tr>
                  <th>Queue</th>
                  <th class="right">Ready</th>
                  <th class="right">Later</th>
                  <th class="right">In work</th>
                  <th class="right">Given up</th>
                  <th>
                    <span class="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {queues.value.map((one) => (
                  <tr key={one.queue}>
                    <td>
                      {words[one.queue] ?? one.queue}
                      <span class="quiet small numbers row-note">{one.queue}</span>
                    </td>
                    <td class="numbers right">{one.ready}</td>
                    <td class="numbers right">{one.delayed}</td>
                    <td class="numbers right">{one.leased}</td>
                    <td class="numbers right">
                      <span class={one.dead > 0 ? "state bad" : ""}>{one.dead}</span>
                    </td>
                    <td class="right">
                      {one.dead > 0 && (
                        <button type="button" class="button plain" onClick={() => void redrive(one.queue)}>
                          Send all again
                        </button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </section>
      )}
      <section class="section">
        <h2>Given up</h2>
        {dead.value.length === 0 ? (
          <p class="quiet">Nothing was given up. Everything that was accepted is done or on its way.</p>
        ) : (
          <section class="panel scroll-x" aria-label="Given up table" tabIndex={0}>
            <table class="table">
              <thead>
                <tr>
                  <th>When</th>
                  <th>Queue</th>
                  <th>About</th>
                  <th>Why</th>
                  <th class="right">Tries</th>
                  <th>
                    <span class="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {dead.value.map((letter) => (
                  <tr key={letter.deadId}>
                    <td class="quiet small">{moment(letter.at)}</td>
                    <td>{words[letter.queue] ?? letter.queue}</td>
                    <td class="numbers small">{letter.id ?? letter.key}</td>
                    <td>{letter.reason}</td>
                    <td class="numbers right">{letter.attempts}</td>
                    <td class="right">
                      <button
                        type="button"
                        class="button plain"
                        onClick={() => void redrive(letter.queue, [letter.deadId])}
                      >
                        Send again
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        )}
      </section>
    </div>
  );
}
