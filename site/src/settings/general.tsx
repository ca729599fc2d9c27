import { useSignal } from "@preact/signals";
import { api } from "../api/client.ts";
import type { Project } from "../api/types.ts";
import { complain, say } from "../ui/toasts.tsx";
import { size } from "../ui/words.ts";

export function General({ project }: { project: Project }) {
  const busy = useSignal(false);
  const save = async (form: HTMLFormElement) => {
    const data = new FormData(form);
    const text = (name: string) => String(data.get(name) ?? "").trim();
    busy.value = true;
    try {
      await api.change<Project>(`/projects/${project.id}`, {
        name: text("name"),
        lockMode: text("lockMode"),
        lockDays: Number(text("lockDays")),
        quotaBytes: text("quota") ? Math.round(Number(text("quota")) * 1e9) : null,
        reviewersMayDownload: data.has("download"),
      });
      say("Saved.");
    } catch (error) {
      complain("Nothing was saved.", error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <form
      class="section"
      onSubmit={(event) => {
        event.preventDefault();
        void save(event.currentTarget);
      }}
    >
      <h2>Rules of the project</h2>
      <div class="field">
        <label for="rule-name">Name</label>
        <input
          id="rule-name"
          name="name"
          class="input"
          required
          maxLength={200}
          defaultValue={project.name}
        />
      </div>
      <div class="form-grid">
        <div class="field">
          <label for="rule-days">Days a new master stays locked</label>
          <input
            id="rule-days"
            name="lockDays"
            class="input numbers"
            type="number"
            min={1}
            max={36500}
            required
            defaultValue={String(project.lockDays)}
          />
        </div>
        <div class="field">
          <label for="rule-mode">Who could lift a lock early</label>
          <select id="rule-mode" name="lockMode" class="input">
            <option value="GOVERNANCE" selected={project.lockMode === "GOVERNANCE"}>
              Only the storage's owner
            </option>
            <option value="COMPLIANCE" selected={project.lockMode === "COMPLIANCE"}>
              Nobody at all
            </option>
          </select>
        </div>
        <div class="field">
          <label for="rule-quota">Room in GB, empty for no limit</label>
          <input
            id="rule-quota"
            name="quota"
            class="input numbers"
            type="number"
            min={0}
            step="any"
            defaultValue={project.quotaBytes === null ? "" : String(project.quotaBytes / 1e9)}
          />
        </div>
      </div>
      <p class="quiet small numbers">{size(project.storageUsedBytes)} used so far</p>
      <label class="check">
        <input type="checkbox" name="download" defaultChecked={project.reviewersMayDownload} />
        Reviewers may download masters
      </label>
      <div>
        <button type="submit" class="button main" disabled={busy.value}>
          Save
        </button>
      </div>
    </form>
  );
}
