import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type Fault = "none" | "hole" | "reset" | "refuse";

export interface FaultProxy {
  readonly port: number;
  /** `hole`: bytes vanish and nothing is closed. `reset`: open connections are cut and new ones too. `refuse`: nobody listens. */
  set(fault: Fault): Promise<void>;
  close(): Promise<void>;
}

/** A TCP proxy in front of a real server, to take it away in the ways that networks do. */
export async function openFaultProxy(target: { host: string; port: number }): Promise<FaultProxy> {
  let fault: Fault = "none";
  const pairs = new Set<[Socket, Socket]>();
  const open = new Set<Socket>();
  const server = createServer((near) => {
    near.on("error", () => {});
    open.add(near);
    if (fault === "reset") return void near.resetAndDestroy();
    const far = connect(target.port, target.host);
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    open.add(far);
    const pipe = (from: Socket, to: Socket) => {
      from.on("data", (bytes) => {
        if (fault !== "hole") to.write(bytes);
      });
      from.on("error", () => {});
      from.on("close", () => {
        open.delete(from);
        pairs.delete(pair);
        if (fault !== "hole") to.destroy();
      });
    };
    pipe(near, far);
    pipe(far, near);
  });
  const listen = (port: number) => new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  const unlisten = () => new Promise<void>((done) => server.close(() => done()));
  await listen(0);
  const { port } = server.address() as AddressInfo;

  const cut = (how: (socket: Socket) => void) => {
    for (const pair of pairs) pair.forEach(how);
    pairs.clear();
  };
  return {
    port,
    async set(next) {
      const before = fault;
      fault = next;
      if (before === "refuse" && next !== "refuse") await listen(port);
      if (next === "reset") cut((socket) => socket.resetAndDestroy());
      if (next === "refuse") {
        cut((socket) => socket.destroy());
        await unlisten();
      }
    },
    async close() {
      fault = "reset";
      // Also those whose other end went into the hole.
      for (const socket of open) socket.destroy();
      await unlisten();
    },
  };
}
