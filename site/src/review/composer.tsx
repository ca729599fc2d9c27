import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { Paperclip, Pencil, X } from "lucide-preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { frameToTimecode } from "#core/timecode/timecode.ts";
import type { Comment, Shape } from "../api/types.ts";
import { DrawTools } from "../player/draw-tools.tsx";
import { recall, remember } from "../ui/remember.ts";
import { say } from "../ui/toasts.tsx";
import { attach, mostAttachmentBytes } from "./attachments.tsx";
import { MentionField } from "./mention-field.tsx";
import type { Review } from "./review.ts";

interface Draft {
  text: string;
  frame: number;
  shapes?: readonly Shape[];
}

/** Writes a comment at the frame on screen, or over the range; typing stops the picture where it is. */
export function Composer({ review }: { review: Review }) {
  const { player, drawing } = review;
  const name = `draft.${review.version.value.id}`;
  const text = useSignal("");
  const pinned = useSignal<number | undefined>(undefined);
  const busy = useSignal(false);
  const files = useSignal<readonly File[]>([]);
  const picker = useRef<HTMLInputElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const mentions = useRef(new Map<string, string>());
  const at = useComputed(() => pinned.value ?? player.frame.value);
  const { start, end } = player.range.value;
  const ranged = start !== undefined && end !== undefined && end > start;

  useEffect(() => {
    const draft = recall<Draft | undefined>(name, undefined);
    if (!draft) return;
    text.value = draft.text;
    pinned.value = draft.frame;
    if (draft.shapes?.length) {
      drawing.restore(draft.shapes);
      drawing.active.value = true;
    }
    const { frame, commentId } = review.start;
    if (frame === undefined && commentId === undefined) player.seek(draft.frame);
  }, []);

  const add = (chosen: readonly File[]) => {
    const fitting = chosen.filter((file) => file.size > 0 && file.size <= mostAttachmentBytes);
    if (fitting.length < chosen.length) say("A file beside a comment may have up to 26 MB.", undefined, true);
    files.value = [...files.value, ...fitting];
  };
  /** Pasted pictures have no name of their own. */
  const paste = (event: ClipboardEvent) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (pasted.length === 0) return;
    event.preventDefault();
    const { length } = files.value;
    add(
      pasted.map(
        (file, index) =>
          new File([file], file.name.replace(/^image\./, `pasted-${length + index + 1}.`), {
            type: file.type,
          }),
      ),
    );
  };
  const write = (value: string) => {
    if (value && pinned.value === undefined) {
      player.pause();
      pinned.value = player.frame.value;
    }
    if (!value && drawing.shapes.value.length === 0) pinned.value = undefined;
    text.value = value;
    keep();
  };
  const keep = () => {
    const shapes = drawing.shapes.peek();
    const draft: Draft = { text: text.peek(), frame: pinned.peek() ?? player.frame.peek(), shapes };
    remember(name, draft.text || shapes.length > 0 ? draft : undefined);
  };
  const isFirst = useRef(true);
  useSignalEffect(() => {
    const drawn = drawing.shapes.value.length > 0;
    // What is drawn is drawn on this frame, wherever one looks before posting.
    if (drawn) pinned.value ??= player.frame.peek();
    else if (!text.peek()) pinned.value = undefined;
    // The first run comes before the draft was read; while a comment is sent, its draft stays what it is.
    if (!isFirst.current && !busy.peek()) keep();
    isFirst.current = false;
  });
  const post = async () => {
    const words = text.value.trim() || (drawing.shapes.value.length > 0 ? "See drawing" : "");
    if (!words || busy.value) return;
    busy.value = true;
    const sent = { text: text.value, pinned: pinned.value, files: files.value, range: player.range.value };
    const frame = ranged ? (start ?? 0) : at.value;
    const named = [...mentions.current].filter(([, name]) => words.includes(`@${name}`));
    // The field is free for the next thought; the draft is kept until it is written over or the server has it.
    text.value = "";
    pinned.value = undefined;
    files.value = [];
    if (ranged) player.range.value = {};
    const done = await review.post({
      frame,
      endFrame: ranged ? (end ?? null) : null,
      text: words,
      mentions: named.map(([id]) => id),
    });
    busy.value = false;
    const isFree = text.value === "";
    if (done) {
      void attach(review, done, sent.files);
      if (isFree) remember(name, undefined);
      return;
    }
    files.value = [...sent.files, ...files.value];
    if (isFree) {
      pinned.value = sent.pinned;
      player.range.value = sent.range;
    }
    write(isFree ? sent.text : `${sent.text}\n${text.value}`);
  };

  const here = useComputed(() => frameToTimecode(player.model, at.value));
  const label = ranged
    ? `${frameToTimecode(player.model, start ?? 0)}–${frameToTimecode(player.model, end ?? 0)}`
    : here;
  const ready = text.value.trim() !== "" || drawing.shapes.value.length > 0;
  return (
    <form
      class="composer"
      aria-label="New comment"
      onPaste={paste}
      onSubmit={(event) => {
        event.preventDefault();
        void post();
      }}
    >
      {drawing.active.value && <DrawTools state={drawing} />}
      <MentionField
        fieldRef={field}
        id="composer"
        label="Comment"
        placeholder="Say something about this frame"
        value={text.value}
        members={review.members.value}
        onValue={write}
        onMention={(person) => mentions.current.set(person.id, person.name)}
        onSubmit={() => void post()}
        onEscape={() => field.current?.blur()}
      />
      {files.value.length > 0 && (
        <ul class="attachments" aria-label="Files to attach">
          {files.value.map((file) => (
            <li key={file.name}>
              <button
                type="button"
                class="attachment"
                aria-label={`Leave out ${file.name}`}
                title="Leave it out"
                onClick={() => {
                  files.value = files.value.filter((one) => one !== file);
                }}
              >
                <Paperclip size={12} strokeWidth={1.5} aria-hidden="true" />
                <span class="ellipsis">{file.name}</span> ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="composer-row">
        <span
          class="composer-at numbers"
          title={ranged ? "The range from in to out" : "The frame this comment is about"}
        >
          {label}
          {pinned.value !== undefined && !ranged && pinned.value !== player.frame.value && (
            <button
              type="button"
              class="link small"
              onClick={() => {
                pinned.value = player.frame.value;
              }}
            >
              use current frame
            </button>
          )}
        </span>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label="Files to attach"
          onChange={(event) => {
            add([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
        <button
          type="button"
          class="icon-button"
          aria-label="Attach files"
          title="Attach files"
          onClick={() => picker.current?.click()}
        >
          <Paperclip size={16} strokeWidth={1.5} aria-hidden="true" />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Draw on the picture"
          title="Draw on the picture (D)"
          aria-pressed={drawing.active.value}
          onClick={() => {
            player.pause();
            if (drawing.active.value) drawing.clear();
            else drawing.active.value = true;
          }}
        >
          {drawing.active.value ? <X size={16} strokeWidth={1.5} /> : <Pencil size={16} strokeWidth={1.5} />}
        </button>
        <button type="submit" class="button main" disabled={!ready || busy.value}>
          Post
        </button>
      </div>
    </form>
  );
}

interface ReplyProps {
  review: Review;
  to: Comment;
  onDone: () => void;
  /** It was not sent; the words are kept for the form when it opens again. */
  onFailed: () => void;
}

/** The short form under a comment; gone as soon as it is sent, so that the focus never moves later. */
export function ReplyForm({ review, to, onDone, onFailed }: ReplyProps) {
  const name = `reply.${to.id}`;
  const text = useSignal(recall(name, ""));
  const field = useRef<HTMLTextAreaElement>(null);
  const mentions = useRef(new Map<string, string>());
  // Before the next key arrives, or its first letters would be taken for commands.
  useLayoutEffect(() => field.current?.focus(), []);
  const done = () => {
    remember(name, undefined);
    onDone();
  };
  const send = async () => {
    const words = text.value.trim();
    if (!words) return;
    const ids = [...mentions.current].filter(([, name]) => words.includes(`@${name}`)).map(([id]) => id);
    done();
    if (await review.post({ frame: to.frame, endFrame: null, text: words, mentions: ids }, to)) return;
    remember(name, words);
    onFailed();
  };
  return (
    <form
      class="reply-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <MentionField
        fieldRef={field}
        id={`reply-${to.id}`}
        label="Reply"
        placeholder="Reply"
        value={text.value}
        members={review.members.value}
        onValue={(value) => {
          text.value = value;
          remember(name, value);
        }}
        onMention={(person) => mentions.current.set(person.id, person.name)}
        onSubmit={() => void send()}
        onEscape={onDone}
      />
      <div class="composer-row">
        <button type="button" class="button plain" onClick={done}>
          Cancel
        </button>
        <button type="submit" class="button" disabled={!text.value.trim()}>
          Post reply
        </button>
      </div>
    </form>
  );
}
