import { useSignal } from "@preact/signals";
import { FolderPlus, LayoutGrid, List, Settings, Share2, Upload } from "lucide-preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { rightsOf } from "../review/rights.ts";
import type { ProjectStart } from "../server/project.ts";
import { useAlive } from "../ui/alive.ts";
import { Menu, MenuItem } from "../ui/menu.tsx";
import { statuses, statusWords } from "../ui/status.tsx";
import { complain, say } from "../ui/toasts.tsx";
import { count } from "../ui/words.ts";
import { filesOfDrop, filesOfPicker, placeFiles } from "../upload/drop.ts";
import { arrivals } from "../upload/state.ts";
import { addFiles } from "../upload/uploads.ts";
import { AssetGrid } from "./asset-grid.tsx";
import { createBrowse } from "./browse.ts";
import { NewFolder } from "./folder-dialogs.tsx";
import { PickBar } from "./pick-bar.tsx";
import { Search } from "./search.tsx";
import "./project.css";

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;
const sorts: Record<string, string> = {
  "-createdAt": "Newest first",
  createdAt: "Oldest first",
  "-updatedAt": "Last changed",
  name: "Name, A to Z",
  "-name": "Name, Z to A",
};

export function ProjectPage({ start }: { start: ProjectStart }) {
  const browse = useMemo(() => createBrowse(start), []);
  const rights = rightsOf(start.project.role, start.project.reviewersMayDownload);
  const dropping = useSignal(false);
  const folding = useSignal(false);
  const picker = useRef<HTMLInputElement>(null);
  const folderPicker = useRef<HTMLInputElement>(null);
  const { project, folderId } = start;
  const target = { projectId: project.id, folderId };
  const { status, sort, q } = browse.query.value;

  useEffect(() => {
    browse.openLayout();
    // Chosen before the page was alive: the event is gone, the files are still there.
    const early = picker.current?.files;
    if (early?.length) void take(filesOfPicker(early));
    const stop = browse.follow();
    const unsubscribe = arrivals.subscribe((n) => {
      if (n > 0) void browse.load();
    });
    return () => {
      stop();
      unsubscribe();
    };
  }, []);

  useEffect(() => {
    if (!rights.upload) return;
    let depth = 0;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const enter = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth += 1;
      dropping.value = true;
    };
    const leave = () => {
      depth = Math.max(0, depth - 1);
      dropping.value = depth > 0;
    };
    const over = (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault();
    };
    const drop = async (event: DragEvent) => {
      if (!hasFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      depth = 0;
      dropping.value = false;
      const unread: string[] = [];
      await take(filesOfDrop(event.dataTransfer, (name) => unread.push(name)));
      if (unread.length > 0) {
        const named = unread.slice(0, 3).join(", ") + (unread.length > 3 ? ", …" : "");
        say(`${count(unread.length, "file")} could not be read and stayed behind: ${named}`, undefined, true);
      }
    };
    document.addEventListener("dragenter", enter);
    document.addEventListener("dragleave", leave);
    document.addEventListener("dragover", over);
    document.addEventListener("drop", drop);
    return () => {
      document.removeEventListener("dragenter", enter);
      document.removeEventListener("dragleave", leave);
      document.removeEventListener("dragover", over);
      document.removeEventListener("drop", drop);
    };
  }, []);

  const take = async (found: ReturnType<typeof filesOfDrop> | ReturnType<typeof filesOfPicker>) => {
    try {
      const files = await found;
      addFiles(await placeFiles(files, target), target);
      if (files.some(({ path }) => path.length > 0)) await browse.loadFolders();
    } catch (error) {
      complain("These files could not be taken.", error);
    }
  };

  const empty = browse.assets.value.length === 0 && browse.here.value.length === 0;
  return (
    <div class="page" {...useAlive()}>
      <div class="page-head project-head">
        <h1 class="visually-hidden">{project.name}</h1>
        <Search browse={browse} />
        <div class="listing">
          <Menu
            label="Filter by status"
            class="button"
            trigger={status ? statusWords(status as (typeof statuses)[number]) : "Any status"}
          >
            <MenuItem checked={!status} onSelect={() => browse.ask({ status: "" })}>
              Any status
            </MenuItem>
            {statuses.map((one) => (
              <MenuItem key={one} checked={status === one} onSelect={() => browse.ask({ status: one })}>
                {statusWords(one)}
              </MenuItem>
            ))}
          </Menu>
          <Menu label="Sort" class="button" trigger={sorts[sort] ?? "Sort"}>
            {Object.entries(sorts).map(([key, words]) => (
              <MenuItem key={key} checked={sort === key} onSelect={() => browse.ask({ sort: key })}>
                {words}
              </MenuItem>
            ))}
          </Menu>
          <div class="segmented" role="group" aria-label="Layout">
            {(["grid", "list"] as const).map((one) => (
              <button
                type="button"
                key={one}
                class="icon-button"
                aria-label={one === "grid" ? "Grid" : "List"}
                title={one === "grid" ? "Grid" : "List"}
                aria-pressed={browse.layout.value === one}
                onClick={() => browse.setLayout(one)}
              >
                {one === "grid" ? <LayoutGrid {...icon} /> : <List {...icon} />}
              </button>
            ))}
          </div>
        </div>
        <div class="page-actions">
          {rights.share && (
            <a class="button plain" href={`/p/${project.id}/shares`}>
              <Share2 {...icon} /> <span class="word">Shares</span>
            </a>
          )}
          {rights.manage && (
            <a class="button plain" href={`/p/${project.id}/settings`}>
              <Settings {...icon} /> <span class="word">Settings</span>
            </a>
          )}
          {rights.upload && (
            <>
              <button
                type="button"
                class="button plain"
                onClick={() => {
                  folding.value = true;
                }}
              >
                <FolderPlus {...icon} /> <span class="word">Folder</span>
              </button>
              <input
                ref={picker}
                type="file"
                multiple
                hidden
                data-testid="file-picker"
                aria-label="Files to upload"
                onChange={(event) => {
                  const { files } = event.currentTarget;
                  if (files) void take(filesOfPicker(files));
                  event.currentTarget.value = "";
                }}
              />
              <input
                ref={folderPicker}
                type="file"
                hidden
                aria-label="Folder to upload"
                {...{ webkitdirectory: true }}
                onChange={(event) => {
                  const { files } = event.currentTarget;
                  if (files) void take(filesOfPicker(files));
                  event.currentTarget.value = "";
                }}
              />
              <button type="button" class="button main" onClick={() => picker.current?.click()}>
                <Upload {...icon} /> Upload
              </button>
            </>
          )}
        </div>
      </div>
      {empty ? (
        <Empty
          filtered={Boolean(status || q)}
          mayUpload={rights.upload}
          onFiles={() => picker.current?.click()}
          onFolder={() => folderPicker.current?.click()}
          onClear={() => browse.ask({ q: "", status: "" })}
        />
      ) : (
        <AssetGrid browse={browse} rights={rights} />
      )}
      {browse.cursor.value && (
        <div class="more">
          <button
            type="button"
            class="button"
            disabled={browse.loading.value}
            onClick={() => void browse.more()}
          >
            Show more
          </button>
        </div>
      )}
      {browse.picked.value.size > 0 && <PickBar browse={browse} rights={rights} />}
      {dropping.value && (
        <div class="drop-here" aria-hidden="true">
          <p>
            <Upload size={28} strokeWidth={1.5} />
            Drop to upload here. Folders keep their structure.
          </p>
        </div>
      )}
      {folding.value && (
        <NewFolder
          projectId={project.id}
          parentId={folderId}
          onClose={(made) => {
            folding.value = false;
            if (made) void browse.loadFolders();
          }}
        />
      )}
    </div>
  );
}

interface EmptyProps {
  filtered: boolean;
  mayUpload: boolean;
  onFiles: () => void;
  onFolder: () => void;
  onClear: () => void;
}

function Empty({ filtered, mayUpload, onFiles, onFolder, onClear }: EmptyProps) {
  if (filtered)
    return (
      <div class="panel first-step">
        <h2>Nothing fits</h2>
        <p class="quiet">No asset here matches the search and the filter.</p>
        <button type="button" class="button" onClick={onClear}>
          Show everything
        </button>
      </div>
    );
  return (
    <div class="panel first-step drop-invite">
      <Upload size={28} strokeWidth={1.5} aria-hidden="true" />
      <h2>{mayUpload ? "Drop files or folders anywhere on this page" : "Nothing here yet"}</h2>
      <p class="quiet">
        {mayUpload
          ? "Video, sound and pictures, of any size. Each becomes a locked master that can be watched seconds after it arrived."
          : "As soon as an editor uploads something, it appears here by itself."}
      </p>
      {mayUpload && (
        <p class="first-buttons">
          <button type="button" class="button" onClick={onFiles}>
            Choose files
          </button>
          <button type="button" class="button plain" onClick={onFolder}>
            Choose a folder
          </button>
        </p>
      )}
    </div>
  );
}
