import type { S3Client } from "@aws-sdk/client-s3";
import { currentRequest } from "../telemetry/request.ts";

/** A reply this late makes us ask whether the storage is there at all. */
const DOUBT_MS = 500;
/** How long it has to answer that. Together they stay below the two seconds that a person may wait for a 503. */
const PROBE_MS = 1_300;
const PROBE_EVERY_MS = 1_000;

/**
 * Gives up what a request asks of a storage that answers nobody. Work in the background has its own deadlines,
 * and large objects take their time: an answer to the probe, whatever it says, means that the storage is merely slow.
 */
export function giveUpOnSilence(s3: S3Client, endpoint: string): void {
  const send = s3.send.bind(s3) as (command: unknown, options?: object) => Promise<unknown>;
  let probe: { at: number; isAlive: Promise<boolean> } | undefined;
  const isAlive = () => {
    if (!probe || performance.now() - probe.at > PROBE_EVERY_MS)
      probe = { at: performance.now(), isAlive: answers(endpoint) };
    return probe.isAlive;
  };
  const patient = async (command: unknown, options: { abortSignal?: AbortSignal } = {}) => {
    if (!currentRequest()) return send(command, options);
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watch = () => {
      timer = setTimeout(async () => {
        if (!(await isAlive())) gone.abort();
        else if (timer) watch();
      }, DOUBT_MS);
    };
    watch();
    const signals = [gone.signal, ...(options.abortSignal ? [options.abortSignal] : [])];
    try {
      return await send(command, { ...options, abortSignal: AbortSignal.any(signals) });
    } catch (error) {
      if (gone.signal.aborted)
        throw Object.assign(new Error("the storage does not answer", { cause: error }), {
          code: "ETIMEDOUT",
        });
      throw error;
    } finally {
      clearTimeout(timer);
      timer = undefined;
    }
  };
  s3.send = patient as S3Client["send"];
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    const answer = await fetch(endpoint, {
      method: "HEAD",
      redirect: "manual",
      keepalive: false,
      signal: AbortSignal.timeout(PROBE_MS),
    });
    await answer.body?.cancel();
    return true;
  } catch {
    return false;
  }
}
