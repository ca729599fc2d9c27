import { personOf } from "#core/auth/actor.ts";
import { leadInput, seq, streamQuery } from "#core/events/event.ts";
import { openFollow, type StreamMessage } from "#core/events/follow.ts";
import { lead } from "#core/events/lead.ts";
import { refuse } from "#core/refusal.ts";
import type { Resources } from "#core/resources.ts";
import { createApp, type RushesApp, type RushesContext } from "#http/app.ts";
import { actorsOf } from "#http/credentials.ts";
import { parseBody, parseQuery } from "#http/parse.ts";

/** What happens in a project, while it happens. */
export function eventsApp(deps: Resources): RushesApp {
  const app = createApp(deps);

  app.get("/events", async (c) => {
    const actor = await c.get("actors").need();
    const { projectId, versionId = null, after, since } = parseQuery(c, streamQuery);
    const room = projectId ?? personOf(actor) ?? refuse("invalid", "Guests follow a project.");
    const seen = seq.safeParse(c.req.header("last-event-id") || undefined);
    const gone = new AbortController();
    const signals = [gone.signal, c.req.raw.signal, c.env?.stopping].filter((one) => one !== undefined);
    const messages = await openFollow(deps, actor, {
      room,
      versionId,
      after: seen.success ? seen.data : after,
      since,
      again: () => actorsOf(deps, c).need(),
      signal: AbortSignal.any(signals),
    });
    c.env?.keepOpen?.();
    c.header("Content-Type", "text/event-stream; charset=utf-8");
    c.header("X-Accel-Buffering", "no");
    return c.body(streamOf(c, deps, messages, gone));
  });

  app.post("/events/lead", async (c) => {
    const actor = await c.get("actors").need();
    await lead(deps, actor, await parseBody(c, leadInput));
    return c.body(null, 204);
  });

  return app;
}

function streamOf(
  c: RushesContext,
  { log }: Resources,
  messages: AsyncGenerator<StreamMessage>,
  gone: AbortController,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const requestId = c.get("requestId");
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode("retry: 1000\n\n"));
    },
    /** Called when the client has room: a slow reader slows its own stream, and nothing piles up here. */
    async pull(controller) {
      try {
        const { value, done } = await messages.next();
        if (gone.signal.aborted) return;
        if (done) controller.close();
        else controller.enqueue(encoder.encode(textOf(value)));
      } catch (error) {
        if (gone.signal.aborted) return;
        log.warn({ err: error, requestId }, "an event stream broke; the client will come back");
        controller.close();
      }
    },
    async cancel() {
      gone.abort();
      await messages.return(undefined);
    },
  });
}

function textOf(message: StreamMessage): string {
  if (message.kind === "beat") return ": beat\n\n";
  if (message.kind === "start") return `id: ${message.id}\n\n`;
  const id = message.id === undefined ? "" : `id: ${message.id}\n`;
  return `${id}event: ${message.type}\ndata: ${JSON.stringify(message.data)}\n\n`;
}
