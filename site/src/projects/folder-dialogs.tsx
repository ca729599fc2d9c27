import { api } from "../api/client.ts";
import type { Asset, Folder } from "../api/types.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field, FormDialog, textOf } from "../ui/fields.tsx";
import { complain, say } from "../ui/toasts.tsx";
import type { Browse } from "./browse.ts";

interface NameProps {
  title: string;
  label: string;
  value: string;
  button: string;
  onSave: (name: string) => Promise<boolean>;
  onClose: () => void;
}

function NameDialog({ title, label, value, button, onSave, onClose }: NameProps) {
  const save = async (data: FormData) => {
    if (await onSave(textOf(data, "name"))) onClose();
  };
  return (
    <FormDialog title={title} save={button} onSave={save} onClose={onClose}>
      <Field
        label={label}
        name="name"
        required
        maxLength={255}
        defaultValue={value}
        autocomplete="off"
        onFocus={(event) => event.currentTarget.select()}
      />
    </FormDialog>
  );
}

export function NewFolder(props: {
  projectId: string;
  parentId: string | null;
  onClose: (made: boolean) => void;
}) {
  const save = async (name: string) => {
    try {
      await api.post<Folder>(`/projects/${props.projectId}/folders`, { name, parentId: props.parentId });
      props.onClose(true);
      return true;
    } catch (error) {
      complain("The folder was not made.", error);
      return false;
    }
  };
  return (
    <NameDialog
      title="New folder"
      label="Name"
      value=""
      button="Create folder"
      onSave={save}
      onClose={() => props.onClose(false)}
    />
  );
}

export function RenameFolder({ folder, onClose }: { folder: Folder; onClose: (changed: boolean) => void }) {
  const save = async (name: string) => {
    try {
      await api.change(`/projects/${folder.projectId}/folders/${folder.id}`, { name });
      onClose(true);
      return true;
    } catch (error) {
      complain("The name was not changed.", error);
      return false;
    }
  };
  return (
    <NameDialog
      title="Rename folder"
      label="Name"
      value={folder.name}
      button="Rename"
      onSave={save}
      onClose={() => onClose(false)}
    />
  );
}

export function RenameAsset({
  asset,
  browse,
  onClose,
}: {
  asset: Asset;
  browse: Browse;
  onClose: () => void;
}) {
  return (
    <NameDialog
      title="Rename"
      label="Name"
      value={asset.name}
      button="Rename"
      onSave={(name) => browse.rename(asset, name)}
      onClose={onClose}
    />
  );
}

export function DeleteFolder({ folder, onClose }: { folder: Folder; onClose: (changed: boolean) => void }) {
  const remove = async () => {
    try {
      await api.removeCurrent(`/projects/${folder.projectId}/folders/${folder.id}`);
      say(`${folder.name} deleted.`);
      onClose(true);
    } catch (error) {
      complain("The folder was not deleted.", error);
      onClose(false);
    }
  };
  return (
    <Dialog title={`Delete ${folder.name}?`} onClose={() => onClose(false)}>
      <p class="quiet">Only an empty folder can be deleted. Assets are never deleted with a folder.</p>
      <div class="dialog-actions">
        <button type="button" class="button plain" onClick={() => onClose(false)}>
          Cancel
        </button>
        <button type="button" class="button danger" onClick={() => void remove()}>
          Delete folder
        </button>
      </div>
    </Dialog>
  );
}

export function MoveDialog({ ids, browse, onClose }: { ids: string[]; browse: Browse; onClose: () => void }) {
  const folders = browse.folders.value;
  const pathOf = (folder: Folder): string => {
    const parent = folders.find(({ id }) => id === folder.parentId);
    return parent ? `${pathOf(parent)} / ${folder.name}` : folder.name;
  };
  const choices = folders
    .map((folder) => ({ id: folder.id, path: pathOf(folder) }))
    .sort((a, b) => a.path.localeCompare(b.path));
  const move = async (data: FormData) => {
    await browse.move(ids, textOf(data, "folder") || null);
    onClose();
  };
  return (
    <FormDialog title="Move to" save="Move" onSave={move} onClose={onClose}>
      <div class="field">
        <label for="move-folder">Folder</label>
        <select id="move-folder" name="folder" class="input">
          <option value="">{browse.start.project.name} (no folder)</option>
          {choices.map(({ id, path }) => (
            <option key={id} value={id}>
              {path}
            </option>
          ))}
        </select>
      </div>
    </FormDialog>
  );
}
