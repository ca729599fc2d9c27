import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { stackEnv } from "#tests/support/stack.ts";

/** What happens to a request on its way to the storage. */
export type Fault =
  | { kind: "none" }
  | { kind: "status"; status: number; body?: string }
  /** Waits before the first byte. */
  | { kind: "slow"; ms: number }
  /** Closes the connection without an answer. */
  | { kind: "drop" }
  /** Sends half of what it announced, then closes. */
  | { kind: "cut" };

export interface Fetch {
  method: string;
  target: string;
  headers: IncomingMessage["headers"];
  bytes: number;
}

export interface Origin {
  endpoint: string;
  port: number;
  /** Everything asked so far. */
  fetches: Fetch[];
  /** Decides about each request; none by default. */
  fault: (target: string) => Fault;
  close(): Promise<void>;
}

/**
 * The real storage behind a wire that can break. Requests are passed on byte for byte (the host included, so
 * that signatures hold) and written down.
 */
export async function startOrigin(host = "127.0.0.1", port = 0): Promise<Origin> {
  const storage = new URL(stackEnv().WASABI_ENDPOINT ?? "");
  const origin: Origin = {
    endpoint: "",
    port: 0,
    fetches: [],
    fault: () => ({ kind: "none" }),
    close: async () => {},
  };
  const pass = (incoming: IncomingMessage, answer: ServerResponse, fetched: Fetch, cut: boolean) => {
    const outgoing = request(
      {
        host: storage.hostname,
        port: storage.port,
        method: incoming.method,
        path: incoming.url,
        headers: incoming.headers,
        setHost: false,
      },
      (reply) => {
        answer.writeHead(reply.statusCode ?? 502, reply.headers);
        const half = Number(reply.headers["content-length"] ?? 0) / 2;
        reply.on("data", (chunk: Buffer) => {
          if (cut && fetched.bytes + chunk.length >= half) {
            answer.write(chunk.subarray(0, Math.max(0, half - fetched.bytes)), () => answer.destroy());
            reply.destroy();
            return;
          }
          fetched.bytes += chunk.length;
          if (!answer.write(chunk)) {
            reply.pause();
            answer.once("drain", () => reply.resume());
          }
        });
        reply.on("end", () => answer.end());
        answer.on("close", () => reply.destroy());
      },
    );
    outgoing.on("error", () => answer.destroy());
    outgoing.end();
  };
  const server = createServer((incoming, answer) => {
    const target = incoming.url ?? "";
    const fetched: Fetch = { method: incoming.method ?? "", target, headers: incoming.headers, bytes: 0 };
    origin.fetches.push(fetched);
    const fault = origin.fault(target);
    if (fault.kind === "drop") incoming.socket.destroy();
    else if (fault.kind === "status") {
      answer.writeHead(fault.status, { "content-type": "application/xml" });
      answer.end(fault.body ?? "<Error><BucketName>secret-name</BucketName></Error>");
    } else
      setTimeout(pass, fault.kind === "slow" ? fault.ms : 0, incoming, answer, fetched, fault.kind === "cut");
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  origin.port = (server.address() as { port: number }).port;
  origin.endpoint = `http://${host}:${origin.port}`;
  origin.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return origin;
}
