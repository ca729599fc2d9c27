import { ArrowUpFromLine, Upload } from "lucide-preact";
import { useRef } from "preact/hooks";
import { api } from "../api/client.ts";
import type { Comment } from "../api/types.ts";
import { StatusView } from "../ui/status.tsx";
import { complain, say } from "../ui/toasts.tsx";
import { count, moment, size } from "../ui/words.ts";
import { addFiles } from "../upload/uploads.ts";
import type { Review } from "./review.ts";

/** Open comments of the version before, taken along to the one on the page. */
function CarryForward({ review }: { review: Review }) {
  const current = review.version.value;
  const before = review.versions.value
    .filter(({ number, openComments }) => number < current.number && openComments > 0)
    .sort((a, b) => b.number - a.number)[0];
  if (!before || !review.rights.upload) return null;
  const carry = async () => {
    try {
      const { items } = await api.post<{ items: Comment[] }>("/comments/carry", {
        fromVersionId: before.id,
        toVersionId: current.id,
      });
      for (const comment of items) review.put(comment);
      say(
        items.length > 0
          ? `${count(items.length, "comment")} carried forward.`
          : "All of them were here already.",
      );
    } catch (error) {
      complain("No comment was carried forward.", error);
    }
  };
  return (
    <button type="button" class="button" onClick={() => void carry()}>
      <ArrowUpFromLine size={16} strokeWidth={1.5} aria-hidden="true" /> Carry{" "}
      {count(before.openComments, "open comment")} forward from v{before.number}
    </button>
  );
}

export function Versions({ review }: { review: Review }) {
  const { asset, project } = review.start;
  const versions = review.versions.value;
  const current = review.version.value;
  const picker = useRef<HTMLInputElement>(null);
  return (
    <div class="panel-page padded">
      {review.rights.upload && (
        <>
          <input
            ref={picker}
            type="file"
            hidden
            accept="video/*,audio/*,image/*,.mxf,.mov"
            onChange={(event) => {
              const [file] = event.currentTarget.files ?? [];
              if (file)
                addFiles([{ file }], { projectId: project.id, assetId: asset.id, folderId: asset.folderId });
              event.currentTarget.value = "";
            }}
          />
          <button type="button" class="button" onClick={() => picker.current?.click()}>
            <Upload size={16} strokeWidth={1.5} aria-hidden="true" /> Upload version{" "}
            {Math.max(...versions.map(({ number }) => number)) + 1}
          </button>
        </>
      )}
      <CarryForward review={review} />
      <ul class="version-list">
        {versions.map((version) => (
          <li key={version.id} class={version.id === current.id ? "current" : ""}>
            <a
              href={`/a/${asset.id}?v=${version.id}`}
              aria-current={version.id === current.id ? "true" : undefined}
            >
              <span class="numbers version-badge">v{version.number}</span>
              <span class="version-facts">
                <span class="ellipsis">{version.name}</span>
                <span class="quiet small">
                  {moment(version.createdAt)} · {size(version.bytes)}
                  {version.createdBy ? ` · ${version.createdBy.name}` : ""}
                </span>
                <span class="version-state">
                  <StatusView status={version.status} />
                  {version.openComments > 0 && (
                    <span class="quiet small">{count(version.openComments, "open comment")}</span>
                  )}
                </span>
              </span>
            </a>
            {version.id !== current.id && (
              <a class="button plain" href={`/compare?left=${version.id}&right=${current.id}`}>
                Compare
              </a>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
