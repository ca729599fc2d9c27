import { useSignal } from "@preact/signals";
import { Film, FolderOpen, Lock, Plus } from "lucide-preact";
import { api } from "../api/client.ts";
import type { Project } from "../api/types.ts";
import { useAlive } from "../ui/alive.ts";
import { Field, FormDialog, textOf } from "../ui/fields.tsx";
import { attempt } from "../ui/toasts.tsx";
import { count, size } from "../ui/words.ts";
import "./projects.css";

export function Projects({ start }: { start: Project[] }) {
  const creating = useSignal(false);
  const text = useSignal("");
  const shown = start.filter(({ name }) => name.toLowerCase().includes(text.value.trim().toLowerCase()));
  return (
    <div class="page" {...useAlive()}>
      <div class="page-head">
        <h1>Projects</h1>
        {start.length > 6 && (
          <input
            class="input search"
            type="search"
            aria-label="Find a project"
            placeholder="Find a project"
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
          />
        )}
        <button
          type="button"
          class="button main"
          onClick={() => {
            creating.value = true;
          }}
        >
          <Plus size={16} strokeWidth={1.5} aria-hidden="true" /> New project
        </button>
      </div>
      {start.length === 0 ? (
        <div class="panel first-step">
          <FolderOpen size={28} strokeWidth={1.5} aria-hidden="true" />
          <h2>Start with a project</h2>
          <p class="quiet">
            A project is a room for the people and files of one production. Make one, then drop files into it.
          </p>
          <button
            type="button"
            class="button"
            onClick={() => {
              creating.value = true;
            }}
          >
            New project
          </button>
        </div>
      ) : (
        <ul class="project-grid">
          {shown.map((project) => (
            <li key={project.id}>
              <a class="project-card" href={`/p/${project.id}`}>
                <Faces posters={project.posters} />
                <span class="project-name">{project.name}</span>
                <span class="quiet small">
                  {count(project.assetCount, "asset")} ·{" "}
                  <span class="numbers">{size(project.storageUsedBytes)}</span>
                  {project.quotaBytes ? ` of ${size(project.quotaBytes)}` : ""}
                </span>
                {project.quotaBytes ? (
                  <span
                    class="progress"
                    style={{ "--done": Math.min(1, project.storageUsedBytes / project.quotaBytes) }}
                  >
                    <span />
                  </span>
                ) : null}
                <span class="project-foot small quiet">
                  <span class="role">{project.role}</span>
                  <span title="New masters are locked this long">
                    <Lock size={12} strokeWidth={1.5} aria-hidden="true" /> {count(project.lockDays, "day")}
                  </span>
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
      {creating.value && (
        <NewProject
          onClose={() => {
            creating.value = false;
          }}
        />
      )}
    </div>
  );
}

/** What lies in the project: its newest picture large, the two before it beside. */
function Faces({ posters }: { posters: string[] }) {
  return (
    <span class={`project-faces of-${posters.length}`} aria-hidden="true">
      {posters.length === 0 && <Film size={28} strokeWidth={1.25} />}
      {posters.map((poster) => (
        <img key={poster} src={poster} alt="" loading="lazy" decoding="async" />
      ))}
    </span>
  );
}

function NewProject({ onClose }: { onClose: () => void }) {
  const create = (data: FormData) =>
    attempt("The project was not made.", async () => {
      const project = await api.post<Project>("/projects", {
        name: textOf(data, "name"),
        lockDays: Number(textOf(data, "lockDays")),
      });
      location.assign(`/p/${project.id}`);
    });
  return (
    <FormDialog title="New project" save="Create project" onSave={create} onClose={onClose}>
      <Field label="Name" name="name" required maxLength={200} autocomplete="off" />
      <Field
        label="Days a master stays locked"
        name="lockDays"
        type="number"
        min={1}
        max={36500}
        defaultValue="30"
        required
        note="Until then nobody can delete it. Each file can be locked for longer later."
      />
    </FormDialog>
  );
}
