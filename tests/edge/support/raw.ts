import { connect } from "node:net";

export interface RawAnswer {
  status: number;
  headers: Map<string, string[]>;
  body: Buffer;
  /** False when the connection ended before the announced length. */
  whole: boolean;
}

/** Sends exactly these bytes as the request target. URL libraries normalise; attackers do not. */
export function rawRequest(
  port: number,
  method: string,
  target: string,
  headers: [string, string][] = [],
  { timeoutMs = 10_000, body = "" } = {},
): Promise<RawAnswer> {
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const lines = [`${method} ${target} HTTP/1.1`];
  if (!given.has("host")) lines.push("Host: localhost");
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  lines.push("Connection: close", "", body);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1" }, () =>
      socket.write(Buffer.from(lines.join("\r\n"), "latin1")),
    );
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${method} within ${timeoutMs} ms`));
    }, timeoutMs);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(parse(Buffer.concat(chunks), method));
    });
  });
}

function parse(all: Buffer, method: string): RawAnswer {
  const end = all.indexOf("\r\n\r\n");
  const head = all.subarray(0, Math.max(end, 0)).toString("latin1").split("\r\n");
  const headers = new Map<string, string[]>();
  for (const line of head.slice(1)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const body = end < 0 ? Buffer.alloc(0) : all.subarray(end + 4);
  const announced = headers.get("content-length")?.[0];
  return {
    status: Number(head[0]?.split(" ")[1] ?? 0),
    headers,
    body,
    whole: end >= 0 && (method === "HEAD" || announced === undefined || Number(announced) === body.length),
  };
}
