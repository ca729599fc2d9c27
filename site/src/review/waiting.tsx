import { CircleX } from "lucide-preact";
import { api } from "../api/client.ts";
import { complain, say } from "../ui/toasts.tsx";
import { timeLeft } from "../ui/words.ts";
import type { Review } from "./review.ts";

/** In place of the picture while there is none: what is being done, how far, or why it cannot be. */
export function Waiting({ review }: { review: Review }) {
  const { state, progress, etaSeconds, reason, waiting } = review.preview.value;
  const rebuild = async () => {
    try {
      await api.post("/preview", { versionId: review.version.value.id });
      say("The preview is being built again.");
      review.preview.value = { ...review.preview.value, state: "building", progress: 0, reason: null };
    } catch (error) {
      complain("It could not be started again.", error);
    }
  };
  if (state === "failed")
    return (
      <div class="stage-wait">
        <CircleX size={28} strokeWidth={1.5} color="#e5645a" aria-hidden="true" />
        <p role="alert">{reason ?? "The preview could not be built. The master is safe."}</p>
        {review.rights.upload && (
          <button type="button" class="button" onClick={() => void rebuild()}>
            Build it again
          </button>
        )}
      </div>
    );
  const words =
    waiting ??
    (state === "promoting"
      ? "The file is being copied to its locked place."
      : state === "mastered"
        ? "The master is locked. The preview starts in a moment."
        : "The preview is being built. You can watch as soon as its first seconds are there.");
  return (
    <div class="stage-wait" role="status">
      <p>{words}</p>
      <div class="progress" style={{ "--done": progress }}>
        <span />
      </div>
      <p class="numbers">
        {Math.round(progress * 100)} %{etaSeconds ? `, ${timeLeft(etaSeconds)}` : ""}
      </p>
    </div>
  );
}
