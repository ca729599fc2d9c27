import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { hasty, ScannerDown, type Verdict } from "./scan-verdict.ts";

const IDLE_MS = 120_000;

/**
 * Streams a file through clamd's INSTREAM: chunks with a four-byte length in front, an empty chunk at the end, one
 * line back. Anything but a plain verdict (no connection, a size limit, a broken stream) is `ScannerDown`.
 */
export async function scanByClamd(
  scanner: URL,
  chunks: AsyncIterable<Uint8Array>,
  { signal }: { signal: AbortSignal },
): Promise<Verdict> {
  const socket = connect({ host: scanner.hostname, port: Number(scanner.port || 3310) });
  const stop = () => socket.destroy(new Error("the scan was stopped"));
  signal.addEventListener("abort", stop, { once: true });
  socket.setTimeout(IDLE_MS, () => socket.destroy(new Error("clamd says nothing")));
  const answer = lineOf(socket);
  answer.catch(() => {}); // awaited below; a refused connection must not surface twice
  try {
    await once(socket, "connect");
    await write(socket, Buffer.from("zINSTREAM\0"));
    let isAnswered = false;
    answer.then(
      () => {
        isAnswered = true;
      },
      () => {
        isAnswered = true;
      },
    );
    for await (const chunk of chunks) {
      if (isAnswered) break; // it has found something, or refuses to read on
      const length = Buffer.alloc(4);
      length.writeUInt32BE(chunk.length);
      await write(socket, length);
      await write(socket, chunk);
    }
    const isWhole = !isAnswered;
    if (isWhole) await write(socket, Buffer.alloc(4));
    return verdictOf(await answer, isWhole);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ScannerDown) throw error;
    // clamd answers, then closes while we may still be writing: the verdict wins over the broken pipe.
    const line = await answer.catch(() => undefined);
    if (line !== undefined) return verdictOf(line, false);
    throw new ScannerDown(
      "The virus scanner does not answer. The upload waits and is checked as soon as it does.",
      {
        cause: error,
      },
    );
  } finally {
    signal.removeEventListener("abort", stop);
    socket.destroy();
  }
}

async function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  if (socket.destroyed) throw new Error("clamd closed the connection");
  if (!socket.write(bytes)) await Promise.race([once(socket, "drain"), closed(socket)]);
}

async function closed(socket: Socket): Promise<never> {
  await once(socket, "close");
  throw new Error("clamd closed the connection");
}

function lineOf(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("utf8");
    if (/[\0\n]/.test(text)) resolve(text.split(/[\0\n]/)[0] ?? "");
  });
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("clamd closed the connection without a verdict")));
  return promise;
}

function verdictOf(line: string, isWhole: boolean): Verdict {
  if (/^stream: OK$/.test(line)) {
    if (!isWhole) throw hasty();
    return { found: undefined };
  }
  const found = /^stream: (.+) FOUND$/.exec(line);
  if (found) return { found: found[1] ?? "something" };
  if (/size limit exceeded/i.test(line))
    throw new ScannerDown(
      "The virus scanner refuses files of this size. An administrator has to raise StreamMaxLength in clamd.conf; then it is checked by itself.",
    );
  throw new ScannerDown(`The virus scanner answered "${line.slice(0, 200)}". The upload waits.`);
}
