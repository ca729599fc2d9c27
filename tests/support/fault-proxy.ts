import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type Fault = "none" | "hole" | "mute" | "reset" | "refuse";

export interface FaultProxy {
  readonly port: number;
  /**
   * `hole`: nothing passes and nothing is closed; as TCP does, what was sent meanwhile arrives in order afterwards.
   * `mute`: what is asked arrives, its answer is lost, and so is the connection as soon as the fault ends.
   * `reset`: open connections are cut and new ones too. `refuse`: nobody listens.
   */
  set(fault: Fault): Promise<void>;
  close(): Promise<void>;
}

/** A TCP proxy in front of a real server, to take it away in the ways that networks do. */
export async function openFaultProxy(target: { host: string; port: number }): Promise<FaultProxy> {
  let fault: Fault = "none";
  const open = new Set<Socket>();
  const cutLater = new Set<Socket>();
  let held: (() => void)[] = [];
  const server = createServer((near) => {
    near.on("error", () => {});
    if (fault === "reset") return void near.resetAndDestroy();
    const far = connect(target.port, target.host);
    const pipe = (from: Socket, to: Socket) => {
      open.add(from);
      const pass = (how: () => void) => (fault === "hole" ? held.push(how) : how());
      from.on("data", (bytes) => {
        if (fault !== "mute" || from === near) pass(() => to.write(bytes));
        else cutLater.add(near);
      });
      from.on("error", () => {});
      from.on("close", () => {
        open.delete(from);
        cutLater.delete(from);
        pass(() => to.end());
      });
    };
    pipe(near, far);
    pipe(far, near);
  });
  const listen = (port: number) => new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  const unlisten = () => new Promise<void>((done) => server.close(() => done()));
  await listen(0);
  const { port } = server.address() as AddressInfo;

  return {
    port,
    async set(next) {
      const before = fault;
      fault = next;
      if (before === "hole" && next !== "hole") {
        for (const how of held) how();
        held = [];
      }
      if (before === "mute" && next !== "mute") for (const near of cutLater) near.resetAndDestroy();
      if (before === "refuse" && next !== "refuse") await listen(port);
      if (next === "reset" || next === "refuse") for (const socket of open) socket.resetAndDestroy();
      if (next === "refuse") await unlisten();
    },
    async close() {
      fault = "reset";
      for (const socket of open) socket.destroy();
      await unlisten();
    },
  };
}
