import { Check, CornerDownRight, Ellipsis, Link, Pencil, RotateCcw, Trash2 } from "lucide-preact";
import { memo } from "preact/compat";
import { useRef } from "preact/hooks";
import { frameToTimecode } from "#core/timecode/timecode.ts";
import type { Comment } from "../api/types.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Menu, MenuItem } from "../ui/menu.tsx";
import { copy } from "../ui/toasts.tsx";
import { ago, moment } from "../ui/words.ts";
import { Attachments } from "./attachments.tsx";
import { ReplyForm } from "./composer.tsx";
import { EditForm } from "./edit-form.tsx";
import { Reactions, ReactMenu } from "./reactions.tsx";
import type { Review } from "./review.ts";
import type { Thread } from "./threads.ts";

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;

export const ThreadView = memo(function ThreadView({
  review,
  thread,
  selected,
}: {
  review: Review;
  thread: Thread;
  selected: boolean;
}) {
  const { replying } = review;
  const self = useRef<HTMLElement>(null);
  const { root, replies } = thread;
  const { model } = review.player;
  const resolved = root.resolvedAt !== null;
  const mayResolve = review.rights.resolveAny || (review.rights.comment && isMine(review, root));
  const until = root.endFrame !== null && root.endFrame > root.frame ? root.endFrame : undefined;
  const at = `${frameToTimecode(model, root.frame)}${until === undefined ? "" : `–${frameToTimecode(model, until)}`}`;
  return (
    <article
      ref={self}
      class={`thread${selected ? " selected" : ""}${resolved ? " resolved" : ""}`}
      aria-label={`Comment by ${root.author.name} at ${frameToTimecode(model, root.frame)}`}
      aria-current={selected}
      tabIndex={-1}
      data-comment={root.id}
      data-frame={root.frame}
    >
      <div class="comment-head">
        <button
          type="button"
          class="comment-at numbers"
          aria-label={`Go to ${at}, frame ${root.frame}`}
          title={`Frame ${root.frame}`}
          onClick={() => review.select(root)}
        >
          {at}
        </button>
        {root.drawing && (
          <span class="comment-drawn" title="Has a drawing">
            <Pencil size={12} strokeWidth={1.5} aria-label="Has a drawing" />
          </span>
        )}
        {root.carriedFrom && (
          <span class="quiet small" title="Carried forward from an older version">
            carried
          </span>
        )}
        {root.versionId !== review.version.value.id && (
          <span class="comment-old small numbers">{review.nameOf(root.versionId)}</span>
        )}
        <span class="comment-actions" hidden={isSending(root)}>
          {review.rights.comment && <ReactMenu review={review} comment={root} />}
          {review.rights.comment && (
            <button
              type="button"
              class="icon-button"
              aria-label="Reply"
              title="Reply"
              onClick={() => {
                replying.value = root.id;
              }}
            >
              <CornerDownRight {...icon} />
            </button>
          )}
          {mayResolve && (
            <button
              type="button"
              class="icon-button"
              aria-label={resolved ? "Reopen" : "Resolve"}
              title={resolved ? "Reopen" : "Resolve"}
              onClick={() => void review.resolve(root, !resolved)}
            >
              {resolved ? <RotateCcw {...icon} /> : <Check {...icon} />}
            </button>
          )}
          <CommentMenu review={review} comment={root} />
        </span>
      </div>
      <Body review={review} comment={root} onPick={() => review.select(root)} />
      {resolved && (
        <p class="state ok comment-resolved">
          <Check size={14} strokeWidth={2} aria-hidden="true" /> Resolved by {root.resolvedBy}
        </p>
      )}
      {replies.length > 0 && (
        <ul class="replies" aria-label="Replies">
          {replies.map((reply) => (
            <li key={review.keyOf(reply.id)} data-comment={reply.id}>
              <Body review={review} comment={reply} menu />
            </li>
          ))}
        </ul>
      )}
      {replying.value === root.id && (
        <ReplyForm
          review={review}
          to={root}
          onDone={() => {
            replying.value = undefined;
            self.current?.focus();
          }}
          onFailed={() => {
            replying.value = root.id;
          }}
        />
      )}
    </article>
  );
});

const isSending = (comment: Comment) => comment.id.startsWith("new-");

function isMine(review: Review, comment: Comment): boolean {
  return review.me.id !== null && comment.author.id === review.me.id;
}

function Body({
  review,
  comment,
  menu = false,
  onPick,
}: {
  review: Review;
  comment: Comment;
  menu?: boolean;
  onPick?: () => void;
}) {
  return (
    <div class="comment-body">
      <Avatar name={comment.author.name} id={comment.author.id} size={20} />
      <div>
        <div class="comment-by">
          <strong>{comment.author.name}</strong>
          {comment.author.kind === "guest" && <span class="quiet"> guest</span>}
          <time class="quiet" dateTime={comment.createdAt} title={moment(comment.createdAt)}>
            {isSending(comment) ? "sending" : ago(comment.createdAt)}
            {comment.editedAt ? ", edited" : ""}
          </time>
          {menu && !isSending(comment) && <CommentMenu review={review} comment={comment} />}
        </div>
        {review.editing.value?.opened.id === comment.id ? (
          <EditForm review={review} editing={review.editing.value} />
        ) : (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the timecode button above does the same for keys
          <p class={`comment-text${onPick ? " lands" : ""}`} onClick={onPick}>
            <Words text={comment.text} review={review} mentions={comment.mentions} />
          </p>
        )}
        <Attachments
          review={review}
          comment={comment}
          mine={isMine(review, comment) && review.rights.comment}
        />
        <Reactions review={review} comment={comment} />
      </div>
    </div>
  );
}

/** The text with the names of mentioned people set apart. */
function Words({ text, review, mentions }: { text: string; review: Review; mentions: string[] }) {
  if (mentions.length === 0) return <>{text}</>;
  const names = review.members.value
    .filter(({ person }) => mentions.includes(person.id))
    .map(({ person }) => `@${person.name}`);
  if (names.length === 0) return <>{text}</>;
  const pattern = new RegExp(
    `(${names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`,
  );
  return (
    <>
      {text.split(pattern).map((part, index) =>
        names.includes(part) ? (
          <b key={index} class="mention">
            {part}
          </b>
        ) : (
          part
        ),
      )}
    </>
  );
}

function CommentMenu({ review, comment }: { review: Review; comment: Comment }) {
  const mine = isMine(review, comment) && review.rights.comment;
  const copyLink = () => {
    const url = new URL(location.href);
    url.search = new URLSearchParams({ v: comment.versionId, c: comment.id }).toString();
    return copy(url.href, "Link to the comment copied.");
  };
  return (
    <Menu label="More for this comment" align="end" trigger={<Ellipsis {...icon} />}>
      <MenuItem icon={Link} onSelect={() => void copyLink()}>
        Copy link
      </MenuItem>
      {mine && (
        <MenuItem
          icon={Pencil}
          onSelect={() => {
            review.editing.value = { opened: comment, text: comment.text };
          }}
        >
          Edit
        </MenuItem>
      )}
      {(mine || review.rights.manage) && (
        <MenuItem icon={Trash2} danger onSelect={() => review.remove(comment)}>
          Delete
        </MenuItem>
      )}
    </Menu>
  );
}
