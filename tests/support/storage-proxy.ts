import { connect, createServer, type Socket } from "node:net";

/** What the proxy does to one request, decided from its first line (`PUT /bucket/key?… HTTP/1.1`). */
export type StorageFault =
  | { kind: "pass" }
  /** Answers with this status instead of asking the storage. */
  | { kind: "status"; status: 403 | 500 | 503 | 507 }
  /** Says "done" without asking the storage. */
  | { kind: "pretend" }
  /** Passes the request on, then drops the connection instead of handing the answer over. */
  | { kind: "lose-answer" }
  /** Resets the connection at once. */
  | { kind: "reset" }
  /** Takes the request and never answers. */
  | { kind: "hang" }
  /** Passes everything after a pause. */
  | { kind: "slow"; ms: number };

export interface StorageProxy {
  url: string;
  /** The first line of every request so far. */
  seen: string[];
  /** Called for each request; the default lets everything pass. */
  decide: (firstLine: string) => StorageFault;
  close(): Promise<void>;
}

const codeOf = {
  403: "AccessDenied",
  500: "InternalError",
  503: "SlowDown",
  507: "InsufficientCapacity",
} as const;
const xml = '<?xml version="1.0" encoding="UTF-8"?>';

/** Request by request in front of the real storage: breaks what it is told to break, and sees what was asked. */
export async function openStorageProxy(target: string): Promise<StorageProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on("close", () => sockets.delete(client));
    client.on("error", () => {});
    client.once("data", (bytes) => {
      const first = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
      client.pause();
      const firstLine = first.toString("latin1").split("\r\n")[0] ?? "";
      proxy.seen.push(firstLine);
      handle(client, first, proxy.decide(firstLine));
    });
  });

  function answer(client: Socket, status: number, body: string): void {
    client.end(
      `HTTP/1.1 ${status} Fault\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    client.resume();
  }

  function handle(client: Socket, first: Buffer, fault: StorageFault): void {
    if (fault.kind === "reset") client.resetAndDestroy();
    else if (fault.kind === "hang") client.resume();
    else if (fault.kind === "pretend") answer(client, 200, "");
    else if (fault.kind === "status")
      answer(client, fault.status, `${xml}<Error><Code>${codeOf[fault.status]}</Code></Error>`);
    else if (fault.kind === "slow") setTimeout(pass, fault.ms);
    else pass();

    function pass(): void {
      const upstream = connect(Number(port), hostname);
      sockets.add(upstream);
      upstream.on("close", () => {
        sockets.delete(upstream);
        client.destroy();
      });
      upstream.on("error", () => client.destroy());
      client.on("close", () => upstream.destroy());
      upstream.write(closing(first));
      client.pipe(upstream);
      if (fault.kind === "lose-answer") upstream.once("data", () => client.destroy());
      else upstream.pipe(client);
    }
  }

  const proxy: StorageProxy = {
    url: "",
    seen: [],
    decide: () => ({ kind: "pass" }),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  proxy.url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  return proxy;
}

/** The storage must keep no connection, so that the next request is decided on its own. */
function closing(first: Buffer): Buffer {
  const text = first.toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return first;
  const head = text.slice(0, end).replace(/\r\nconnection: [^\r\n]*/i, "");
  return Buffer.from(`${head}\r\nConnection: close${text.slice(end)}`, "latin1");
}
