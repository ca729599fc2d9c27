import { useSignal } from "@preact/signals";
import { ChevronDown, ChevronRight, ShieldCheck } from "lucide-preact";
import { Fragment } from "preact";
import { useEffect } from "preact/hooks";
import { api } from "../api/client.ts";
import type { AuditEntry, Page } from "../api/types.ts";
import { actionWords } from "../review/custody-words.ts";
import { complain } from "../ui/toasts.tsx";
import { moment } from "../ui/words.ts";

const nouns = [
  "upload",
  "version",
  "asset",
  "comment",
  "share",
  "hold",
  "retention",
  "member",
  "project",
  "webhook",
];

/** Who did what, newest first; each row opens its story. */
export function Audit({ projectId }: { projectId?: string }) {
  const list = useSignal<AuditEntry[] | undefined>(undefined);
  const cursor = useSignal<string | null>(null);
  const noun = useSignal("");
  const opened = useSignal<number | undefined>(undefined);
  const load = async (more = false) => {
    try {
      const page = await api.get<Page<AuditEntry>>("/audit", {
        projectId,
        limit: 50,
        action: noun.value ? `${noun.value}.` : undefined,
        cursor: more ? cursor.value : undefined,
      });
      list.value = more ? [...(list.value ?? []), ...page.items] : page.items;
      cursor.value = page.nextCursor;
    } catch (error) {
      complain("The audit log could not be read.", error);
      list.value ??= [];
    }
  };
  useEffect(() => void load(), [noun.value]);
  return (
    <section class="section">
      <div class="section-head">
        <h2>Audit</h2>
        <select
          class="input"
          aria-label="Filter by what it was about"
          value={noun.value}
          onChange={(event) => {
            noun.value = event.currentTarget.value;
          }}
        >
          <option value="">Everything</option>
          {nouns.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </div>
      <p class="quiet">
        <ShieldCheck size={14} strokeWidth={1.5} class="inline-icon" aria-hidden="true" /> Each entry carries
        the fingerprint of the one before, so that nothing can be changed or left out unnoticed.
      </p>
      {!list.value ? (
        <div class="skeleton" style={{ height: "240px" }} />
      ) : (
        <section class="panel scroll-x" aria-label="Audit table" tabIndex={0}>
          <table class="table">
            <thead>
              <tr>
                <th>When</th>
                <th>Who</th>
                <th>What</th>
              </tr>
            </thead>
            <tbody>
              {list.value.map((entry) => {
                const isOpen = opened.value === entry.seq;
                return (
                  <Fragment key={entry.seq}>
                    <tr>
                      <td class="numbers quiet small">{moment(entry.at)}</td>
                      <td>{entry.actor.name}</td>
                      <td>
                        <button
                          type="button"
                          class="row-opener"
                          aria-expanded={isOpen}
                          onClick={() => {
                            opened.value = isOpen ? undefined : entry.seq;
                          }}
                        >
                          {isOpen ? (
                            <ChevronDown size={16} strokeWidth={1.5} aria-hidden="true" />
                          ) : (
                            <ChevronRight size={16} strokeWidth={1.5} aria-hidden="true" />
                          )}
                          {actionWords(entry.action, entry.detail)}
                        </button>
                      </td>
                    </tr>
                    {isOpen && (
                      <tr class="story">
                        <td colSpan={3}>
                          <pre class="body-text numbers">
                            {JSON.stringify(
                              {
                                action: entry.action,
                                subject: entry.subject,
                                detail: entry.detail,
                                request: entry.requestId,
                                hash: entry.hash,
                              },
                              null,
                              2,
                            )}
                          </pre>
                        </td>
                      </tr>
                    )}
                  </Fragment>
                );
              })}
            </tbody>
          </table>
        </section>
      )}
      {cursor.value && (
        <div>
          <button type="button" class="button" onClick={() => void load(true)}>
            Show more
          </button>
        </div>
      )}
    </section>
  );
}
