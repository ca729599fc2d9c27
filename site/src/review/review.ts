import { batch, computed, signal } from "@preact/signals";
import { frameModelOf } from "#core/timecode/timecode.ts";
import { ApiError, all, api } from "../api/client.ts";
import type { Link } from "../api/live.ts";
import type { Approval, Asset, Author, Comment, Member, Preview, Shape, Version } from "../api/types.ts";
import { createDrawing } from "../player/drawing-state.ts";
import { createPlayer } from "../player/player.ts";
import { createView } from "../player/view.ts";
import { now } from "../ui/clock.ts";
import { recall, remember } from "../ui/remember.ts";
import { complain, say } from "../ui/toasts.tsx";
import type { Rights } from "./rights.ts";
import { type Filter, filterThreads, threadsOf } from "./threads.ts";

/** Everything the page was rendered with; the same on the server and in the browser. */
export interface ReviewStart {
  asset: Asset;
  version: Version;
  versions: Version[];
  preview: Preview;
  comments: Comment[];
  moreComments: boolean;
  project: { id: string; name: string };
  rights: Rights;
  me: Author;
  /** A share link's guest: the token to act with, the way back, and the mark over the picture. */
  guest?: { token: string; backTo: string; watermark: string | null } | undefined;
  frame: number | undefined;
  commentId: string | undefined;
}

export interface NewComment {
  frame: number;
  endFrame: number | null;
  text: string;
  mentions: string[];
}

const emptyMedia = {
  kind: "video",
  durationSeconds: 0,
  rate: { num: 25, den: 1 },
  frames: 1,
  startTimecode: "00:00:00:00",
  dropFrame: false,
  variable: false,
  pts: null,
} as const;

const noShapes: readonly Shape[] = [];

/** The state of one review page: what is shown, what was said, what is being said. */
export function createReview(start: ReviewStart) {
  const media = start.preview.media ?? start.version.media;
  const asked = start.comments.find((comment) => comment.id === start.commentId);
  const model = frameModelOf(media ?? emptyMedia);
  const player = createPlayer(model, media?.kind !== "audio", asked?.frame ?? start.frame ?? 0);
  const view = createView();
  const drawing = createDrawing();
  const version = signal(start.version);
  const preview = signal(start.preview);
  const versions = signal<readonly Version[]>(start.versions);
  const comments = signal<readonly Comment[]>(start.comments);
  const approvals = signal<readonly Approval[] | undefined>(undefined);
  const members = signal<readonly Member[]>([]);
  const here = signal<readonly Author[]>([]);
  const link = signal<Link>("up");
  const selected = signal<string | undefined>(asked?.id);
  const filter = signal<Filter>({ show: "all", sort: "frame", author: undefined, text: "" });
  const marks = signal<readonly number[]>([]);
  /** The comment whose words are being changed, as it was when that began, and the words so far. */
  const editing = signal<{ opened: Comment; text: string } | undefined>(undefined);
  /** The comment that is being answered; what is written is remembered apart. */
  const replying = signal<string | undefined>(undefined);
  /** What somebody else has just said or decided, for those who do not see it appear. */
  const heard = signal("");
  /** Comments of older versions, while they are shown too; undefined while they are not. */
  const older = signal<readonly Comment[] | undefined>(undefined);
  const me = start.me;

  const draftOf = new Map<string, string>();
  /** Taken off the page, on their way out of the server. */
  const leaving = new Set<string>();
  /** What was said last without an answer: said again, it is the same comment. */
  let unsure: { said: string; key: string } | undefined;
  const threads = computed(() => threadsOf(comments.value));
  const shown = computed(() => {
    const all = older.value ? [...threads.value, ...threadsOf(older.value)] : threads.value;
    return filterThreads(all, filter.value, me.id ?? undefined);
  });
  const open = computed(() => threads.value.filter(({ root }) => !root.resolvedAt).length);
  const authors = computed(() => [...new Set(comments.value.map((comment) => comment.author.name))].sort());
  /** The drawing over the picture: the one being made, or that of the comment selected while on its frames. */
  const shapes = computed(() => {
    if (drawing.active.value || drawing.shapes.value.length > 0) return drawing.shapes.value;
    const comment = comments.value.find(({ id }) => id === selected.value);
    if (!comment?.drawing) return noShapes;
    const frame = player.frame.value;
    return frame >= comment.frame && frame <= (comment.endFrame ?? comment.frame)
      ? comment.drawing.shapes
      : noShapes;
  });

  const put = (comment: Comment) => {
    if (leaving.has(comment.id) || leaving.has(comment.replyTo ?? "")) return;
    const rest = comments.value.filter(({ id }) => id !== comment.id);
    comments.value = [...rest, comment];
  };
  const drop = (id: string) => {
    comments.value = comments.value.filter((comment) => comment.id !== id && comment.replyTo !== id);
    if (selected.value === id) selected.value = undefined;
  };
  /** What was shown at once becomes what the server kept; who had selected it keeps it selected. */
  const replace = (draftId: string, saved: Comment) =>
    batch(() => {
      const wasSelected = selected.value === draftId;
      draftOf.set(saved.id, draftId);
      drop(draftId);
      put(saved);
      if (wasSelected) selected.value = saved.id;
    });

  return {
    start,
    media: () => preview.value.media ?? version.value.media,
    player,
    view,
    drawing,
    version,
    preview,
    versions,
    comments,
    approvals,
    members,
    here,
    link,
    selected,
    filter,
    marks,
    editing,
    replying,
    heard,
    older,
    threads,
    shown,
    open,
    authors,
    shapes,
    me,
    rights: start.rights,
    put,
    drop,
    replace,
    /** The same before and after a comment was saved, so that what is on the page stays the same element. */
    keyOf: (id: string) => draftOf.get(id) ?? id,

    nameOf(versionId: string) {
      const found = versions.value.find(({ id }) => id === versionId);
      return found ? `v${found.number}` : "";
    },

    /** Lands on the exact frame of a comment and shows its drawing; on its own version, where that is another. */
    select(comment: Comment) {
      if (comment.versionId !== version.value.id) {
        location.assign(`/a/${start.asset.id}?v=${comment.versionId}&c=${comment.id}`);
        return;
      }
      player.pause();
      batch(() => {
        selected.value = comment.replyTo ?? comment.id;
        player.seek(comment.frame);
      });
      const url = new URL(location.href);
      url.searchParams.set("c", comment.id);
      url.searchParams.delete("f");
      history.replaceState(history.state, "", url);
    },

    /** Posts at once on the page; takes it back, with the text, when the API refuses. */
    async post(input: NewComment, replyTo?: Comment): Promise<Comment | undefined> {
      const drawn =
        replyTo || drawing.shapes.value.length === 0 ? null : { shapes: [...drawing.shapes.value] };
      const at = new Date(now()).toISOString();
      const draft: Comment = {
        ...input,
        id: `new-${crypto.randomUUID()}`,
        versionId: version.value.id,
        projectId: start.project.id,
        replyTo: replyTo?.id ?? null,
        drawing: drawn,
        author: me,
        reactions: [],
        attachments: [],
        carriedFrom: null,
        resolvedAt: null,
        resolvedBy: null,
        editedAt: null,
        createdAt: at,
        updatedAt: at,
        etag: "",
      };
      put(draft);
      if (!replyTo) drawing.clear();
      const body = {
        versionId: version.value.id,
        ...input,
        ...(drawn ? { drawing: drawn } : {}),
        ...(replyTo ? { replyTo: replyTo.id } : {}),
      };
      const said = JSON.stringify(body);
      const key = unsure?.said === said ? unsure.key : crypto.randomUUID();
      unsure = undefined;
      try {
        const saved = await api.post<Comment>("/comments", body, { key });
        replace(draft.id, saved);
        return saved;
      } catch (error) {
        drop(draft.id);
        if (error instanceof ApiError && error.status === 0) unsure = { said, key };
        if (drawn) drawing.restore(drawn.shapes);
        complain("Your comment was not posted; the text is still here.", error);
        return undefined;
      }
    },

    async resolve(comment: Comment, resolved: boolean) {
      const before = comment;
      put({
        ...comment,
        resolvedAt: resolved ? new Date(now()).toISOString() : null,
        resolvedBy: resolved ? me.name : null,
      });
      try {
        put(await api.post<Comment>(`/comments/${comment.id}/resolve`, { resolved }));
      } catch (error) {
        put(before);
        complain(resolved ? "Not resolved." : "Not reopened.", error);
      }
    },

    /** `opened` is what the author began to change. Answers what stands now, when that is something else. */
    async edit(opened: Comment, text: string): Promise<Comment | undefined> {
      const before = comments.value.find(({ id }) => id === opened.id) ?? opened;
      put({ ...before, text });
      try {
        put(await api.patch<Comment>(`/comments/${opened.id}`, { text }, opened.etag));
        return undefined;
      } catch (error) {
        put(before);
        if (!(error instanceof ApiError) || error.status !== 412) {
          complain("Your change was not saved.", error);
          return opened;
        }
        const theirs = await api.get<Comment>(`/comments/${opened.id}`).catch(() => before);
        put(theirs);
        say(
          `It was changed meanwhile to “${theirs.text}”. Save again to put yours in its place.`,
          undefined,
          true,
        );
        return theirs;
      }
    },

    /** Gone from the page at once, from the server a little later: time to change one's mind. */
    remove(comment: Comment) {
      const taken = comments.value.filter(({ id, replyTo }) => id === comment.id || replyTo === comment.id);
      drop(comment.id);
      leaving.add(comment.id);
      const stay = () => {
        clearTimeout(timer);
        removeEventListener("pagehide", commit);
        leaving.delete(comment.id);
        for (const one of taken) put(one);
      };
      const commit = () => {
        clearTimeout(timer);
        removeEventListener("pagehide", commit);
        api.remove(`/comments/${comment.id}`, comment.etag).catch((error: unknown) => {
          stay();
          complain("The comment is still there.", error);
        });
      };
      const timer = setTimeout(commit, 6000);
      addEventListener("pagehide", commit);
      say("Comment deleted.", {
        label: "Undo",
        run: stay,
      });
    },

    async loadComments() {
      const before = new Set(comments.value.map(({ id }) => id));
      const list = await all<Comment>("/comments", { versionId: version.value.id }, 50_000);
      const listed = new Set(list.map(({ id }) => id));
      // What came or went while the list was on its way is newer than the list.
      const held = new Map(comments.value.map((comment) => [comment.id, comment]));
      const isGone = ({ id, replyTo }: Comment) =>
        leaving.has(id) || leaving.has(replyTo ?? "") || (before.has(id) && !held.has(id));
      const newer = (comment: Comment) => {
        const mine = held.get(comment.id);
        return mine && mine.updatedAt > comment.updatedAt ? mine : comment;
      };
      const isNew = ({ id }: Comment) => !listed.has(id) && (!before.has(id) || id.startsWith("new-"));
      comments.value = [
        ...list.filter((comment) => !isGone(comment)).map(newer),
        ...[...held.values()].filter(isNew),
      ];
    },

    async loadVersions() {
      versions.value = await all<Version>(`/assets/${start.asset.id}/versions`, {});
    },

    async showOlder(on: boolean) {
      if (!on) {
        older.value = undefined;
        return;
      }
      const others = versions.value.filter(({ number }) => number < version.value.number);
      const lists = await Promise.all(
        others.map(({ id }) => all<Comment>("/comments", { versionId: id }, 5000)),
      );
      older.value = lists.flat();
    },

    loadMarks() {
      marks.value = recall<number[]>(`marks.${version.value.id}`, []);
    },
    toggleMark() {
      const frame = player.head.value;
      const has = marks.value.includes(frame);
      marks.value = has ? marks.value.filter((mark) => mark !== frame) : [...marks.value, frame];
      remember(`marks.${version.value.id}`, marks.value);
    },
  };
}
export type Review = ReturnType<typeof createReview>;
