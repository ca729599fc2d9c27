import { useSignal } from "@preact/signals";
import { api } from "../api/client.ts";
import type { Project } from "../api/types.ts";
import { Field, textOf } from "../ui/fields.tsx";
import { attempt, say } from "../ui/toasts.tsx";
import { size } from "../ui/words.ts";

/** What holds for the project: its name, how long masters are locked, how much room they have. */
export function General({ project }: { project: Project }) {
  const busy = useSignal(false);
  const save = async (form: HTMLFormElement) => {
    const data = new FormData(form);
    const quota = textOf(data, "quota");
    busy.value = true;
    await attempt("Nothing was saved.", async () => {
      await api.change<Project>(`/projects/${project.id}`, {
        name: textOf(data, "name"),
        lockMode: textOf(data, "lockMode"),
        lockDays: Number(textOf(data, "lockDays")),
        quotaBytes: quota ? Math.round(Number(quota) * 1e9) : null,
        reviewersMayDownload: data.has("download"),
      });
      say("Saved.");
    });
    busy.value = false;
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
      <Field label="Name" name="name" required maxLength={200} defaultValue={project.name} />
      <div class="form-grid">
        <Field
          label="Days a new master stays locked"
          name="lockDays"
          type="number"
          min={1}
          max={36500}
          required
          defaultValue={String(project.lockDays)}
        />
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
        <Field
          label="Room in GB, empty for no limit"
          name="quota"
          type="number"
          min={0}
          step="any"
          defaultValue={project.quotaBytes === null ? "" : String(project.quotaBytes / 1e9)}
        />
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
