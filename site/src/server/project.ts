import type { AstroGlobal } from "astro";
import type { Asset, Folder, Page, Project } from "../api/types.ts";
import { ask, askAll } from "./api.ts";

export interface ProjectStart {
  project: Project;
  folders: Folder[];
  assets: Asset[];
  nextCursor: string | null;
  folderId: string | null;
  query: { q: string; status: string; sort: string };
}

type Loaded = { ok: true; start: ProjectStart } | { ok: false; status: number };

/** The project page as its address says: folder, search, filter and order. */
export async function loadProject({ request, url, params }: AstroGlobal): Promise<Loaded> {
  const projectId = encodeURIComponent(params.projectId ?? "");
  const asked = (name: string) => url.searchParams.get(name) ?? "";
  const query = { q: asked("q"), status: asked("status"), sort: asked("sort") || "-createdAt" };
  const folderId = asked("folder") || null;
  const search = new URLSearchParams({ projectId, limit: "100", sort: query.sort });
  if (query.q) search.set("q", query.q);
  if (query.status) search.set("status", query.status);
  if (!query.q && !query.status) search.set("folderId", folderId ?? "root");
  const [project, folders, assets] = await Promise.all([
    ask<Project>(request, `/projects/${projectId}`),
    askAll<Folder>(request, `/projects/${projectId}/folders`),
    ask<Page<Asset>>(request, `/assets?${search}`),
  ]);
  if (!project.ok) return project;
  if (!folders.ok) return folders;
  if (!assets.ok) return assets.status === 400 ? { ok: false, status: 404 } : assets;
  return {
    ok: true,
    start: {
      project: project.value,
      folders: folders.value,
      assets: assets.value.items,
      nextCursor: assets.value.nextCursor,
      folderId,
      query,
    },
  };
}
