import type { Project } from "../api/types.ts";
import { useAlive } from "../ui/alive.ts";
import { Audit } from "./audit.tsx";
import { General } from "./general.tsx";
import { People } from "./people.tsx";
import { Webhooks } from "./webhooks.tsx";
import "./settings.css";

const tabs = { people: "People", general: "Rules", webhooks: "Webhooks", audit: "Audit" } as const;

/** What a manager sets for a project: who, under which rules, who else is told, and what was done. */
export function ProjectSettings({ project, tab }: { project: Project; tab: string }) {
  const shown = tab in tabs ? tab : "people";
  return (
    <div class="page" {...useAlive()}>
      <div class="page-head">
        <h1>Settings</h1>
      </div>
      <div class="settings">
        <nav class="settings-nav" aria-label="Settings">
          {Object.entries(tabs).map(([key, words]) => (
            <a key={key} href={`?tab=${key}`} aria-current={shown === key ? "page" : undefined}>
              {words}
            </a>
          ))}
        </nav>
        <div>
          {shown === "people" && <People project={project} />}
          {shown === "general" && <General project={project} />}
          {shown === "webhooks" && <Webhooks project={project} />}
          {shown === "audit" && <Audit projectId={project.id} />}
        </div>
      </div>
    </div>
  );
}
