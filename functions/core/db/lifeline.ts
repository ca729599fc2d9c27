import { connect, Socket } from "node:net";

/** A reply this late makes us ask whether the server is there at all. */
const DOUBT_MS = 500;
/** How long the server has to answer that. Together with the doubt it stays well under two seconds. */
const PROBE_MS = 700;
const TICK_MS = 200;
const PROBE_EVERY_MS = 500;
/** SSLRequest, the one message that a Postgres server answers before it knows who asks: one byte. */
const greeting = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

export interface Lifeline {
  /** The driver asks here for each connection. */
  socket(): Socket;
  readonly isDown: boolean;
  /** Calls back once, at the moment the server is found dead. Answers how to stop listening. */
  onDown(listener: () => void): () => void;
}

/**
 * Finds out in under two seconds that a server has fallen silent, which TCP alone reports after a quarter of an hour:
 * packets vanish, nothing is closed, every query of the pool hangs. When replies are late it knocks on a fresh
 * connection. An answer means that the query is merely slow. None means that the way is dead: all connections that
 * wait are destroyed, so that their queries fail and the pool opens new ones as soon as there is a way again.
 *
 * One dead connection on a healthy way (a balancer that forgot it) looks like a slow query; it is destroyed after
 * `silenceMs`, which must be longer than the longest statement.
 */
export function openLifeline(
  address: { host: string; port: number } | { path: string },
  silenceMs: number,
): Lifeline {
  const waiting = new Map<Socket, number>();
  const listeners = new Set<() => void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let isDown = false;
  let isProbing = false;
  let probedAt = Number.NEGATIVE_INFINITY;

  const open = () => ("path" in address ? connect(address.path) : connect(address.port, address.host));

  function watch(socket: Socket): Socket {
    const write = socket.write.bind(socket);
    const watched = (...args: Parameters<typeof write>) => {
      if (!waiting.has(socket)) waiting.set(socket, performance.now());
      start();
      return write(...args);
    };
    socket.write = watched as typeof socket.write;
    // The driver lets go of a closed socket by removing every listener, and Bun may report a reset after that: an
    // error that nobody listens to would end the process.
    const removeAll = socket.removeAllListeners.bind(socket);
    socket.removeAllListeners = (event?: string | symbol) => {
      removeAll(event);
      return socket.on("error", ignore);
    };
    socket.on("data", () => waiting.delete(socket));
    socket.on("close", () => waiting.delete(socket));
    return socket;
  }

  function start() {
    timer ??= setInterval(tick, TICK_MS);
    timer.unref?.();
  }

  function tick() {
    const now = performance.now();
    for (const [socket, since] of waiting) if (now - since > silenceMs) socket.destroy(silent());
    const isLate = [...waiting.values()].some((since) => now - since > DOUBT_MS);
    if ((isLate || isDown) && !isProbing && now - probedAt > PROBE_EVERY_MS) void judge();
    if (waiting.size === 0 && !isDown) {
      clearInterval(timer);
      timer = undefined;
    }
  }

  async function judge() {
    isProbing = true;
    probedAt = performance.now();
    const from = probedAt;
    const isAlive = await answers(open());
    isProbing = false;
    if (isAlive) {
      isDown = false;
      return;
    }
    for (const [socket, since] of waiting) if (since < from) socket.destroy(silent());
    if (isDown) return;
    isDown = true;
    for (const listener of listeners) listener();
  }

  /** While the server is down a new connection fails at once: what waits for the pool must not wait in turn. */
  function stillborn(): Socket {
    const socket = new Socket();
    setTimeout(() => socket.destroy(silent()), 10);
    return socket;
  }

  return {
    socket: () => (isDown ? stillborn() : watch(open())),
    get isDown() {
      return isDown;
    },
    onDown(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function ignore(): void {}

/** An error, not a plain end: the driver takes an end for a reason to try the same query again, for ever. */
function silent(): Error {
  return Object.assign(new Error("the server does not answer"), { code: "ETIMEDOUT" });
}

function answers(socket: Socket): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), PROBE_MS);
  socket.on("error", () => resolve(false));
  socket.once("close", () => resolve(false));
  socket.once("data", () => resolve(true));
  socket.write(greeting);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}
