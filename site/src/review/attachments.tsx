import { Paperclip, X } from "lucide-preact";
import { api } from "../api/client.ts";
import type { Comment } from "../api/types.ts";
import { complain } from "../ui/toasts.tsx";
import { size } from "../ui/words.ts";
import { contentTypeOf } from "../upload/content-types.ts";
import { putBlock } from "../upload/put.ts";
import type { Review } from "./review.ts";

export const mostAttachmentBytes = 26_214_400;

interface Opened {
  attachment: { id: string };
  put: { url: string; headers: Record<string, string> };
}

/** Sends files beside a comment that stands already; one that fails does not take the others with it. */
export async function attach(review: Review, comment: Comment, files: readonly File[]): Promise<void> {
  for (const file of files)
    try {
      const { attachment, put } = await api.post<Opened>(`/comments/${comment.id}/attachments`, {
        name: file.name,
        bytes: file.size,
        contentType: contentTypeOf(file),
      });
      await putBlock(put.url, file, {
        headers: put.headers,
        signal: new AbortController().signal,
        onProgress: () => undefined,
      });
      review.put(await api.post<Comment>(`/attachments/${attachment.id}/finish`));
    } catch (error) {
      complain(`${file.name} was not attached.`, error);
    }
}

export function Attachments({ review, comment, mine }: { review: Review; comment: Comment; mine: boolean }) {
  if (comment.attachments.length === 0) return null;
  const open = async (id: string) => {
    try {
      const { url } = await api.get<{ url: string }>(`/attachments/${id}`);
      window.open(url, "_blank", "noopener");
    } catch (error) {
      complain("The file cannot be opened.", error);
    }
  };
  const remove = async (id: string) => {
    try {
      review.put(await api.post<Comment>(`/attachments/${id}/remove`));
    } catch (error) {
      complain("The file is still there.", error);
    }
  };
  return (
    <ul class="attachments" aria-label="Attachments">
      {comment.attachments.map(({ id, name, bytes }) => (
        <li key={id}>
          <button type="button" class="attachment" title={name} onClick={() => void open(id)}>
            <Paperclip size={12} strokeWidth={1.5} aria-hidden="true" />
            <span class="ellipsis">{name}</span>
            <span class="quiet numbers">{size(bytes)}</span>
          </button>
          {mine && (
            <button
              type="button"
              class="icon-button"
              aria-label={`Remove ${name}`}
              onClick={() => void remove(id)}
            >
              <X size={12} strokeWidth={1.5} aria-hidden="true" />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
