import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { all } from "../api/client.ts";
import type { Member } from "../api/types.ts";
import { listenForKeys, playerKeys } from "../player/keys.ts";
import { KeysHelp } from "../player/keys-help.tsx";
import { useAlive } from "../ui/alive.ts";
import { complain } from "../ui/toasts.tsx";
import { Comments } from "./comments.tsx";
import { Composer } from "./composer.tsx";
import { followEvents } from "./follow.ts";
import { createLead } from "./lead.ts";
import { Panel } from "./panel.tsx";
import { Picture } from "./picture.tsx";
import { createReview, type ReviewStart } from "./review.ts";
import { TopBar } from "./top-bar.tsx";
import "./review.css";
import "./comments.css";
import "./composer.css";

/**
 * The review page: picture, timeline and transport, and beside them what people say about it. A page opened
 * before the file was looked into starts anew, without a reload, once its frames are known.
 */
export function ReviewPage({ start }: { start: ReviewStart }) {
  const [current, setCurrent] = useState(start);
  const isKnown = Boolean(current.preview.media ?? current.version.media);
  return <Review key={`${current.version.id} ${isKnown}`} start={current} onKnown={setCurrent} />;
}

function Review({ start, onKnown }: { start: ReviewStart; onKnown: (start: ReviewStart) => void }) {
  const review = useMemo(() => createReview(start), []);
  const lead = useMemo(() => createLead(review), []);
  const root = useRef<HTMLDivElement>(null);
  const helping = useSignal(false);
  const going = useSignal(false);
  const panelOpen = useSignal(true);
  const { player, view } = review;

  const fullScreen = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    // The whole page, so that the comments can be opened beside the picture and messages are seen.
    else void document.documentElement.requestFullscreen();
  };
  const compose = () => {
    player.pause();
    const field = () => root.current?.querySelector<HTMLElement>("#composer");
    // Before the next key, so that no letter goes astray; a closed panel is drawn by the end of this task.
    if (panelOpen.value) field()?.focus();
    else {
      panelOpen.value = true;
      queueMicrotask(() => field()?.focus());
    }
  };
  const nextComment = (by: 1 | -1) => {
    const threads = review.shown.value;
    const at = threads.findIndex(({ root: { id } }) => id === review.selected.value);
    const next = threads[at < 0 ? (by > 0 ? 0 : threads.length - 1) : at + by];
    if (!next) return;
    review.select(next.root);
    // The focus goes along, so that Tab leads to what can be done with the comment.
    requestAnimationFrame(() =>
      root.current?.querySelector<HTMLElement>(`article[data-comment="${next.root.id}"]`)?.focus(),
    );
  };
  const keys = useMemo(
    () =>
      playerKeys(player, view, {
        fullScreen,
        help: () => {
          helping.value = true;
        },
        goTo: () => {
          going.value = true;
        },
        mark: review.toggleMark,
        nextComment,
        panel: () => {
          panelOpen.value = !panelOpen.value;
        },
        escape: () => {
          if (review.drawing.active.value) review.drawing.clear();
          else review.selected.value = undefined;
        },
        ...(review.rights.comment
          ? {
              comment: compose,
              undo: review.drawing.undo,
              redo: review.drawing.redo,
              draw: () => {
                player.pause();
                panelOpen.value = true;
                review.drawing.active.value = !review.drawing.active.value;
              },
            }
          : {}),
      }),
    [],
  );

  useEffect(() => {
    review.loadMarks();
    let before = panelOpen.value;
    const onFull = () => {
      if (document.fullscreenElement) {
        before = panelOpen.value;
        panelOpen.value = false;
      } else panelOpen.value = before;
    };
    document.addEventListener("fullscreenchange", onFull);
    const stopKeys = listenForKeys(() => keys);
    const stopEvents = followEvents(review, lead, (preview, version) =>
      onKnown({ ...start, preview, version, comments: [...review.comments.value] }),
    );
    if (start.moreComments)
      void review
        .loadComments()
        .then(() => {
          const asked = review.comments.value.find(({ id }) => id === start.commentId);
          if (asked && review.selected.value === undefined) review.select(asked);
        })
        .catch((error: unknown) => complain("Not all comments could be read.", error));
    if (!start.guest)
      void all<Member>(`/projects/${start.project.id}/members`, {})
        .then((members) => {
          review.members.value = members;
        })
        // Nobody is offered for a mention then; that is all it is for.
        .catch(() => undefined);
    return () => {
      document.removeEventListener("fullscreenchange", onFull);
      stopKeys();
      stopEvents();
      lead.close();
    };
  }, []);

  return (
    <div class={`review${panelOpen.value ? "" : " wide"}`} ref={root} {...useAlive()}>
      <TopBar
        review={review}
        lead={lead}
        panelOpen={panelOpen.value}
        onPanel={() => {
          panelOpen.value = !panelOpen.value;
        }}
      />
      <Picture
        review={review}
        lead={lead}
        going={going.value}
        onGoing={(next) => {
          going.value = next;
        }}
        onFullScreen={fullScreen}
        onHelp={() => {
          helping.value = true;
        }}
      />
      {panelOpen.value && (
        <Panel review={review}>
          <Comments review={review} />
          {review.rights.comment && <Composer review={review} />}
        </Panel>
      )}
      <p class="visually-hidden" role="status">
        {review.heard}
      </p>
      {helping.value && (
        <KeysHelp
          keys={keys}
          onClose={() => {
            helping.value = false;
          }}
        />
      )}
    </div>
  );
}
