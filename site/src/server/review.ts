import type { AstroGlobal } from "astro";
import type { Asset, Comment, Page, Preview, Project, Version } from "../api/types.ts";
import type { ReviewStart } from "../review/review.ts";
import { rightsOf } from "../review/rights.ts";
import { ask } from "./api.ts";

type Loaded = { ok: true; start: ReviewStart } | { ok: false; status: number };

/** Everything the review page of an asset starts with; the version asked for, or the newest. */
export async function loadReview(page: AstroGlobal): Promise<Loaded> {
  const { request, url, params, locals } = page;
  const get = <Value>(path: string) => ask<Value>(request, path);
  const asset = await get<Asset>(`/assets/${encodeURIComponent(params.assetId ?? "")}`);
  if (!asset.ok) return asset;
  const wanted = url.searchParams.get("v") ?? asset.value.version?.id;
  if (!wanted || !locals.session) return { ok: false, status: 404 };
  const id = encodeURIComponent(wanted);
  const [project, versions, preview, comments] = await Promise.all([
    get<Project>(`/projects/${asset.value.projectId}`),
    get<Page<Version>>(`/assets/${asset.value.id}/versions?limit=200`),
    get<Preview>(`/preview/${id}`),
    get<Page<Comment>>(`/comments?versionId=${id}&limit=200`),
  ]);
  for (const answer of [project, versions, preview, comments]) if (!answer.ok) return answer;
  if (!project.ok || !versions.ok || !preview.ok || !comments.ok) return { ok: false, status: 502 };
  const version = versions.value.items.find((one) => one.id === wanted);
  if (!version) return { ok: false, status: 404 };
  const frame = url.searchParams.get("f");
  const { session } = locals;
  return {
    ok: true,
    start: {
      asset: asset.value,
      version,
      versions: versions.value.items,
      preview: preview.value,
      comments: comments.value.items,
      moreComments: comments.value.nextCursor !== null,
      project: { id: project.value.id, name: project.value.name },
      rights: rightsOf(project.value.role, project.value.reviewersMayDownload),
      me: { kind: "person", id: session.id, name: session.name },
      frame: frame && /^\d{1,9}$/.test(frame) ? Number(frame) : undefined,
      commentId: url.searchParams.get("c") ?? undefined,
    },
  };
}
