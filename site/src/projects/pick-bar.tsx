import { useSignal } from "@preact/signals";
import { Download, FolderInput, Share2, Trash2, X } from "lucide-preact";
import type { Rights } from "../review/rights.ts";
import { ShareDialog } from "../shares/share-dialog.tsx";
import { count } from "../ui/words.ts";
import type { Browse } from "./browse.ts";
import { MoveDialog } from "./folder-dialogs.tsx";
import { saveMaster } from "./save-master.ts";

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;

/** What can be done with everything that is picked. */
export function PickBar({ browse, rights }: { browse: Browse; rights: Rights }) {
  const asking = useSignal<"move" | "share" | undefined>(undefined);
  const ids = [...browse.picked.value];
  const versions = browse.assets.value
    .filter(({ id }) => browse.picked.value.has(id))
    .flatMap(({ name, version }) =>
      version ? [{ id: version.id, name: `${name}, v${version.number}` }] : [],
    );
  const clear = () => {
    browse.picked.value = new Set();
  };
  const close = () => {
    asking.value = undefined;
  };
  return (
    <div class="pick-bar" role="toolbar" aria-label="Selected assets">
      <strong class="numbers">{count(ids.length, "asset")}</strong>
      {rights.upload && (
        <button
          type="button"
          class="button plain"
          onClick={() => {
            asking.value = "move";
          }}
        >
          <FolderInput {...icon} /> Move
        </button>
      )}
      {rights.share && versions.length > 0 && (
        <button
          type="button"
          class="button plain"
          onClick={() => {
            asking.value = "share";
          }}
        >
          <Share2 {...icon} /> Share
        </button>
      )}
      {rights.download && (
        <button
          type="button"
          class="button plain"
          onClick={async () => {
            for (const { id } of versions) await saveMaster(id);
          }}
        >
          <Download {...icon} /> Download
        </button>
      )}
      {rights.manage && (
        <button type="button" class="button plain" onClick={() => void browse.remove(ids)}>
          <Trash2 {...icon} /> Delete
        </button>
      )}
      <button type="button" class="icon-button" aria-label="Clear selection" onClick={clear}>
        <X {...icon} />
      </button>
      {asking.value === "move" && <MoveDialog ids={ids} browse={browse} onClose={close} />}
      {asking.value === "share" && (
        <ShareDialog projectId={browse.start.project.id} versions={versions} onClose={close} />
      )}
    </div>
  );
}
