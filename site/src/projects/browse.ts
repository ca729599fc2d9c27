import { computed, signal } from "@preact/signals";
import { all, api } from "../api/client.ts";
import { listen } from "../api/live.ts";
import type { Asset, Folder, Outcome, Page } from "../api/types.ts";
import type { ProjectStart } from "../server/project.ts";
import { recall, remember } from "../ui/remember.ts";
import { complain, say } from "../ui/toasts.tsx";
import { count } from "../ui/words.ts";

const pageSize = 100;

/** The state of a project page: what is listed, how, and what is picked. */
export function createBrowse(start: ProjectStart) {
  const assets = signal<readonly Asset[]>(start.assets);
  const folders = signal<readonly Folder[]>(start.folders);
  const cursor = signal(start.nextCursor);
  const query = signal(start.query);
  const picked = signal<ReadonlySet<string>>(new Set());
  const layout = signal<"grid" | "list">("grid");
  const loading = signal(false);
  const here = computed(() =>
    query.value.q || query.value.status
      ? []
      : folders.value.filter(({ parentId }) => parentId === start.folderId),
  );
  let asking = new AbortController();
  /** How many assets one has asked to see. */
  let reach = 0;
  const projectId = start.project.id;

  const address = (next?: string | null) => ({
    projectId,
    limit: pageSize,
    sort: query.value.sort,
    status: query.value.status,
    q: query.value.q,
    // Who looks for something looks in every folder.
    ...(query.value.q || query.value.status ? {} : { folderId: start.folderId ?? "root" }),
    cursor: next,
  });

  /** Reads the list again, as far as one has asked to see it. */
  async function load(): Promise<void> {
    asking.abort();
    asking = new AbortController();
    const { signal: stop } = asking;
    loading.value = true;
    try {
      const items: Asset[] = [];
      let next: string | null = null;
      do {
        const page: Page<Asset> = await api.get<Page<Asset>>("/assets", address(next), stop);
        items.push(...page.items);
        next = page.nextCursor;
      } while (next && items.length < reach);
      assets.value = items;
      cursor.value = next;
    } catch (error) {
      if (!stop.aborted) complain("The list could not be read again.", error);
    } finally {
      if (!stop.aborted) loading.value = false;
    }
  }

  async function several(path: "delete" | "restore" | "move", assetIds: string[], body: object = {}) {
    const { items } = await api.post<Outcome>(`/assets/${path}`, { assetIds, ...body });
    const refused = items.filter(({ isDone }) => !isDone);
    if (refused[0])
      say(`${count(refused.length, "asset")} left as it was. ${refused[0].detail ?? ""}`, undefined, true);
    return items.filter(({ isDone }) => isDone).map(({ assetId }) => assetId);
  }

  return {
    start,
    assets,
    folders,
    here,
    cursor,
    query,
    picked,
    layout,
    loading,
    load,
    openLayout() {
      layout.value = recall<"grid" | "list">("layout", "grid");
    },
    setLayout(next: "grid" | "list") {
      layout.value = next;
      remember("layout", next);
    },
    ask(change: Partial<ProjectStart["query"]>) {
      query.value = { ...query.value, ...change };
      const url = new URL(location.href);
      for (const [name, value] of Object.entries(query.value))
        if (value && !(name === "sort" && value === "-createdAt")) url.searchParams.set(name, value);
        else url.searchParams.delete(name);
      history.replaceState(history.state, "", url);
      reach = 0;
      void load();
    },
    async more() {
      if (!cursor.value || loading.value) return;
      // A list that is asked for anew meanwhile reaches as far, and this page does not belong to it.
      const { signal: stop } = asking;
      reach = assets.value.length + pageSize;
      loading.value = true;
      try {
        const page = await api.get<Page<Asset>>("/assets", address(cursor.value), stop);
        assets.value = [...assets.value, ...page.items];
        cursor.value = page.nextCursor;
      } catch (error) {
        if (!stop.aborted) complain("The rest could not be read.", error);
      } finally {
        if (!stop.aborted) loading.value = false;
      }
    },
    async loadFolders() {
      folders.value = await all<Folder>(`/projects/${projectId}/folders`, {});
    },
    pick(id: string, on: boolean) {
      const next = new Set(picked.value);
      if (on) next.add(id);
      else next.delete(id);
      picked.value = next;
    },
    /** Gone at once; can be taken back while the message stands, and for a day after. */
    async remove(ids: string[]) {
      const before = assets.value;
      assets.value = before.filter(({ id }) => !ids.includes(id));
      picked.value = new Set();
      try {
        const done = await several("delete", ids);
        // A list that was asked for before would bring them back.
        void load();
        assets.value = assets.value.filter(({ id }) => !done.includes(id));
        if (done.length > 0)
          say(`${count(done.length, "asset")} deleted.`, {
            label: "Undo",
            run: () =>
              void several("restore", done)
                .then(load)
                .catch((error: unknown) => complain("It could not be taken back.", error)),
          });
      } catch (error) {
        assets.value = before;
        complain("Nothing was deleted.", error);
      }
    },
    async move(ids: string[], folderId: string | null) {
      try {
        const done = await several("move", ids, { folderId });
        picked.value = new Set();
        if (done.length > 0) say(`${count(done.length, "asset")} moved.`);
        await load();
      } catch (error) {
        complain("Nothing was moved.", error);
      }
    },
    async rename(asset: Asset, name: string): Promise<boolean> {
      const before = assets.value;
      assets.value = before.map((one) => (one.id === asset.id ? { ...one, name } : one));
      try {
        await api.change(`/assets/${asset.id}`, { name });
        return true;
      } catch (error) {
        assets.value = before;
        complain("The name was not changed.", error);
        return false;
      }
    },
    /** Reads the list again when something in it changed, many events at once. */
    follow() {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const again = () => {
        clearTimeout(timer);
        timer = setTimeout(() => void load(), 250);
      };
      const stop = listen({ projectId }, ({ type, data }) => {
        if (type === "preview.progress") progress((data ?? {}) as { versionId?: string; progress?: number });
        else if (/^(reset$|(version|upload|asset|approval|comment)\.)/.test(type)) again();
      });
      return () => {
        clearTimeout(timer);
        stop();
      };
    },
  };

  function progress(news: { versionId?: string; progress?: number }): void {
    assets.value = assets.value.map((asset) =>
      asset.version && asset.version.id === news.versionId
        ? { ...asset, version: { ...asset.version, progress: news.progress ?? asset.version.progress } }
        : asset,
    );
  }
}
export type Browse = ReturnType<typeof createBrowse>;
