import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Target } from "./address.ts";

const MAX_HEAD_BYTES = 16_384;

export interface Reply {
  status: number;
  /** Lower-case names. */
  headers: Map<string, string>;
}

/**
 * One POST to one address, by hand: `fetch` and `http` follow redirects, reuse pooled sockets or resolve the name
 * again, and each of them is a way around the check of the address. The body of the answer is not read.
 * Throws on a connection, TLS or protocol error, on abort, and after `deadlineMs` in all.
 */
export function post(
  target: Target,
  message: { headers: Record<string, string>; body: string },
  { deadlineMs, signal }: { deadlineMs: number; signal?: AbortSignal },
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const { url, hostname, port, address } = target;
  const isTls = url.protocol === "https:";
  const socket: Socket = isTls
    ? connectTls({ host: address, port, ALPNProtocols: ["http/1.1"], ...serverName(hostname, address) })
    : connectPlain({ host: address, port });
  let head = Buffer.alloc(0);

  const fail = (error: Error) => {
    reject(error);
    socket.destroy();
  };
  const timer = setTimeout(() => fail(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  const stop = () => fail(new Error("stopped"));
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });

  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the connection was closed before an answer came")));
  socket.once(isTls ? "secureConnect" : "connect", () => {
    const body = Buffer.from(message.body, "utf8");
    const headers = {
      host: url.host,
      connection: "close",
      "content-length": String(body.length),
      ...message.headers,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    socket.write(`POST ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    socket.write(body);
  });
  socket.on("data", (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    try {
      for (;;) {
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) break;
        const reply = parseHead(head.subarray(0, end).toString("latin1"));
        // 1xx is not the answer yet.
        if (reply.status >= 200) {
          resolve(reply);
          socket.destroy();
          return;
        }
        head = head.subarray(end + 4);
      }
      if (head.length > MAX_HEAD_BYTES) fail(new Error("the answer's headers are too long"));
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  });
}

/** A certificate for an IP address is checked against the address; SNI must not carry one. */
function serverName(hostname: string, address: string): { servername?: string } {
  return hostname === address ? {} : { servername: hostname };
}

function parseHead(text: string): Reply {
  const [first = "", ...lines] = text.split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1]);
  if (!Number.isInteger(status)) throw new Error("the answer is not HTTP");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status, headers };
}
