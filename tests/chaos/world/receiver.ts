import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** An integrator's endpoint: counts what it receives by `webhook-id`. */
export interface Receiver {
  readonly url: string;
  readonly times: Map<string, number>;
  /** What it answers from now on; `hang` never answers. */
  behave(how: { status?: number; headers?: Record<string, string>; hang?: boolean }): void;
  close(): Promise<void>;
}

export async function openReceiver(): Promise<Receiver> {
  const times = new Map<string, number>();
  let how: Parameters<Receiver["behave"]>[0] = {};
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      if (how.hang) return;
      const status = how.status ?? 200;
      const id = String(request.headers["webhook-id"]);
      if (status < 300) times.set(id, (times.get(id) ?? 0) + 1);
      response.writeHead(status, how.headers).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    times,
    behave(next) {
      how = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
