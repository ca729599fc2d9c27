import { Readable } from "node:stream";
import { z } from "zod";
import { hasty, ScannerDown, type Verdict } from "./scan-verdict.ts";

/** What the hook answers with 200. Any other status, or anything else in the body, is no verdict. */
const answerSchema = z.union([
  z.object({ clean: z.literal(true) }),
  z.object({ clean: z.literal(false), found: z.string().min(1).max(500) }),
]);

const DEADLINE_MS = 6 * 3_600_000;

/**
 * Posts the file, streamed, to a scanner of the deployment's choice: `application/octet-stream` with the upload's id and
 * percent-encoded name in headers. It answers `{"clean": true}` or `{"clean": false, "found": "name"}`.
 */
export async function scanByHttp(
  scanner: URL,
  chunks: AsyncIterable<Uint8Array>,
  file: { bytes: number; name: string; id: string; signal: AbortSignal },
): Promise<Verdict> {
  let text: string;
  let status: number;
  let sent = 0;
  const counted = async function* () {
    for await (const chunk of chunks) {
      sent += chunk.length;
      yield chunk;
    }
  };
  try {
    const answer = await fetch(scanner, {
      method: "POST",
      body: Readable.toWeb(Readable.from(counted(), { objectMode: false })) as unknown as ReadableStream,
      duplex: "half",
      redirect: "manual",
      headers: {
        "Content-Type": "application/octet-stream",
        "X-Rushes-Upload": file.id,
        "X-Rushes-Name": encodeURIComponent(file.name),
        "X-Rushes-Bytes": String(file.bytes),
      },
      signal: AbortSignal.any([file.signal, AbortSignal.timeout(DEADLINE_MS)]),
    } as RequestInit);
    status = answer.status;
    text = await answer.text();
  } catch (error) {
    file.signal.throwIfAborted();
    throw new ScannerDown(
      "The virus scanner does not answer. The upload waits and is checked as soon as it does.",
      {
        cause: error,
      },
    );
  }
  const parsed = answerSchema.safeParse(status === 200 ? safeJson(text) : undefined);
  if (!parsed.success)
    throw new ScannerDown(`The virus scanner gave no verdict (status ${status}). The upload waits.`);
  if (parsed.data.clean && sent < file.bytes) throw hasty();
  return { found: parsed.data.clean ? undefined : parsed.data.found };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
