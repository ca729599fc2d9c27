import { useSignal } from "@preact/signals";
import { ShieldCheck } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { api } from "../api/client.ts";
import type { AuditEntry, Page } from "../api/types.ts";
import { actionWords } from "../review/custody-words.ts";
import { Table } from "../ui/table.tsx";
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
const columns = [{ name: "What" }, { name: "Who" }, { name: "When" }];

/** Who did what, newest first; each row opens its story. */
export function Audit({ projectId }: { projectId?: string }) {
  const list = useSignal<AuditEntry[] | undefined>(undefined);
  const cursor = useSignal<string | null>(null);
  const noun = useSignal("");
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
  const rows = list.value?.map(({ seq, at, actor, action, subject, detail, requestId, hash }) => ({
    key: seq,
    story: () => (
      <pre class="body-text numbers">
        {JSON.stringify({ action, subject, detail, request: requestId, hash }, null, 2)}
      </pre>
    ),
    cells: [actionWords(action, detail), actor.name, <span class="numbers quiet small">{moment(at)}</span>],
  }));
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
      <Table label="Audit" columns={columns} rows={rows} none="Nothing of this kind has happened yet." />
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
