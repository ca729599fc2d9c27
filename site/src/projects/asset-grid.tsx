import { useSignal } from "@preact/signals";
import { Ellipsis, Folder as FolderIcon, MessageSquare } from "lucide-preact";
import { useRef } from "preact/hooks";
import type { Asset, Folder } from "../api/types.ts";
import type { Rights } from "../review/rights.ts";
import { ShareDialog } from "../shares/share-dialog.tsx";
import { Menu, MenuItem } from "../ui/menu.tsx";
import { StatusView } from "../ui/status.tsx";
import { ago, count, duration, size } from "../ui/words.ts";
import type { Browse } from "./browse.ts";
import { DeleteFolder, MoveDialog, RenameAsset, RenameFolder } from "./folder-dialogs.tsx";
import { Poster } from "./poster.tsx";
import { saveMaster } from "./save-master.ts";
import "./asset-grid.css";

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;

interface Props {
  browse: Browse;
  rights: Rights;
}

/** Folders first, then assets: as cards or as rows, the same parts either way. */
export function AssetGrid({ browse, rights }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const list = browse.layout.value === "list";
  const onKey = (event: KeyboardEvent) => {
    if (!event.key.startsWith("Arrow")) return;
    const links = [...(root.current?.querySelectorAll<HTMLElement>(".card-link") ?? [])];
    const at = links.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    const across = list ? 1 : Math.max(1, links.filter((one) => rowOf(one) === rowOf(links[at])).length);
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key] ?? 0;
    event.preventDefault();
    links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move between the cards' own links
    <div ref={root} onKeyDown={onKey} aria-busy={browse.loading.value}>
      {browse.here.value.length > 0 && (
        <ul class="folder-grid" aria-label="Folders">
          {browse.here.value.map((folder) => (
            <FolderCard key={folder.id} {...{ folder, browse, rights }} />
          ))}
        </ul>
      )}
      <ul class={list ? "asset-list" : "asset-grid"} aria-label="Assets">
        {browse.assets.value.map((asset) => (
          <AssetCard key={asset.id} {...{ asset, browse, rights }} />
        ))}
      </ul>
    </div>
  );
}

const rowOf = (element: HTMLElement | undefined) => Math.round(element?.getBoundingClientRect().top ?? 0);

function FolderCard({ folder, browse, rights }: Props & { folder: Folder }) {
  const asking = useSignal<"rename" | "delete" | undefined>(undefined);
  const close = (changed: boolean) => {
    asking.value = undefined;
    if (changed) void browse.loadFolders();
  };
  return (
    <li class="folder-card">
      <a class="card-link" href={`/p/${folder.projectId}?folder=${folder.id}`}>
        <FolderIcon {...icon} />
        <span class="ellipsis">{folder.name}</span>
      </a>
      {rights.upload && (
        <Menu label={`More for ${folder.name}`} align="end" trigger={<Ellipsis {...icon} />}>
          <MenuItem
            onSelect={() => {
              asking.value = "rename";
            }}
          >
            Rename
          </MenuItem>
          <MenuItem
            danger
            onSelect={() => {
              asking.value = "delete";
            }}
          >
            Delete
          </MenuItem>
        </Menu>
      )}
      {asking.value === "rename" && <RenameFolder folder={folder} onClose={close} />}
      {asking.value === "delete" && <DeleteFolder folder={folder} onClose={close} />}
    </li>
  );
}

function AssetCard({ asset, browse, rights }: Props & { asset: Asset }) {
  const asking = useSignal<"rename" | "move" | "share" | undefined>(undefined);
  const { version } = asset;
  const picked = browse.picked.value.has(asset.id);
  const seconds = version?.media?.durationSeconds;
  const close = () => {
    asking.value = undefined;
  };
  return (
    <li class={`asset-card${picked ? " picked" : ""}`} data-asset={asset.id}>
      <label class="asset-pick">
        <input
          type="checkbox"
          aria-label={`Select ${asset.name}`}
          checked={picked}
          onChange={(event) => browse.pick(asset.id, event.currentTarget.checked)}
        />
      </label>
      <a class="card-link" href={`/a/${asset.id}`}>
        <span class="visually-hidden">{asset.name} </span>
        <Poster asset={asset} />
      </a>
      <div class="asset-facts">
        <a class="asset-name ellipsis" dir="auto" href={`/a/${asset.id}`} title={asset.name} tabIndex={-1}>
          {asset.name}
        </a>
        <span class="asset-status">
          <StatusView status={asset.status} />
          {version && version.openComments > 0 && (
            <span class="state plain numbers" title={count(version.openComments, "open comment")}>
              <MessageSquare size={12} strokeWidth={1.5} aria-hidden="true" />
              {version.openComments}
              <span class="visually-hidden"> open comments</span>
            </span>
          )}
        </span>
        <span class="asset-more quiet small">
          {asset.versionCount > 1 && <span class="numbers">v{asset.versionCount}</span>}
          {seconds ? <span class="numbers list-only">{duration(seconds)}</span> : null}
          {version && <span class="numbers list-only">{size(version.bytes)}</span>}
          <span>{ago(asset.createdAt)}</span>
          {asset.createdBy && <span class="ellipsis">{asset.createdBy.name}</span>}
        </span>
        {asset.status === "failed" && version?.reason && (
          <span class="asset-reason small ellipsis" title={version.reason}>
            {version.reason}
          </span>
        )}
      </div>
      <Menu label={`More for ${asset.name}`} align="end" trigger={<Ellipsis {...icon} />}>
        {rights.upload && (
          <MenuItem
            onSelect={() => {
              asking.value = "rename";
            }}
          >
            Rename
          </MenuItem>
        )}
        {rights.upload && (
          <MenuItem
            onSelect={() => {
              asking.value = "move";
            }}
          >
            Move
          </MenuItem>
        )}
        {rights.share && version && (
          <MenuItem
            onSelect={() => {
              asking.value = "share";
            }}
          >
            Share
          </MenuItem>
        )}
        {rights.download && version && (
          <MenuItem onSelect={() => void saveMaster(version.id)}>Download the master</MenuItem>
        )}
        {rights.manage && (
          <MenuItem danger onSelect={() => void browse.remove([asset.id])}>
            Delete
          </MenuItem>
        )}
      </Menu>
      {asking.value === "rename" && <RenameAsset asset={asset} browse={browse} onClose={close} />}
      {asking.value === "move" && <MoveDialog ids={[asset.id]} browse={browse} onClose={close} />}
      {asking.value === "share" && version && (
        <ShareDialog
          projectId={asset.projectId}
          versions={[{ id: version.id, name: `${asset.name}, v${version.number}` }]}
          onClose={close}
        />
      )}
    </li>
  );
}
