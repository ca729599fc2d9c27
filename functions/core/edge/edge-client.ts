import { z } from "zod";
import type { Generation } from "./generation-log.ts";

const stateSchema = z.object({ sequence: z.number().int().min(0), waiting: z.boolean() });
export type EdgeState = z.infer<typeof stateSchema>;

const hydratedSchema = z.object({ warmed: z.number().int(), failed: z.number().int() });
export type Hydrated = z.infer<typeof hydratedSchema>;

/** The control port of one edge. */
export interface EdgeClient {
  readonly url: string;
  /** How far the edge has come in the generation log, and whether it serves only after it has caught up. */
  state(): Promise<EdgeState>;
  /** Applies a stretch of the log. `isWhole`: there is nothing after it. Repeating it changes nothing. */
  advance(stretch: { entries: Generation[]; upTo: number; isWhole: boolean }): Promise<void>;
  /** Warms these files of a preview folder, and of each master playlist its playlists and their first segments. */
  hydrate(versionId: string, folder: string, names: string[]): Promise<Hydrated>;
}

const answerWithinMs = 3_000;
const hydrateWithinMs = 30_000;

/** `url` is the base of the control port, `key` its bearer key. A refusal or silence of the edge throws. */
export function openEdge(url: string, key: string, signal?: AbortSignal): EdgeClient {
  const ask = async (method: string, path: string, withinMs: number, body?: unknown): Promise<unknown> => {
    const limits = [AbortSignal.timeout(withinMs), ...(signal ? [signal] : [])];
    const answer = await fetch(`${url}${path}`, {
      method,
      redirect: "error",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      signal: AbortSignal.any(limits),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new Error(`the edge at ${url} answered ${answer.status} to ${method} ${path.split("/")[1]}`);
    }
    return answer.json();
  };
  return {
    url,
    state: async () => stateSchema.parse(await ask("GET", "/state", answerWithinMs)),
    advance: async ({ entries, upTo, isWhole }) => {
      await ask("POST", "/purges", answerWithinMs, { entries, upTo, isWhole });
    },
    hydrate: async (versionId, folder, names) =>
      hydratedSchema.parse(await ask("POST", `/hydrate/${versionId}`, hydrateWithinMs, { folder, names })),
  };
}
