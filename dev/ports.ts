import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { markRunning, runningPid, withLock } from "#dev/processes.ts";

/** The public three come first: they are what a person types. */
export const portNames = [
  "api",
  "site",
  "edge",
  "oidc",
  "purge",
  "postgres",
  "redis",
  "s3",
  "cephMon",
  "workerMetrics",
  "sqs",
] as const;
export type PortName = (typeof portNames)[number];
export type Ports = Record<PortName, number>;

/** Ports of the rented servers; the rest belong to the product's processes. */
export const serverPorts: readonly PortName[] = ["oidc", "postgres", "redis", "s3", "cephMon", "sqs"];

const preferred: Partial<Ports> = { api: 3000, site: 3001, edge: 8080 };

/** Someone answers on loopback. A listener on another interface only shows in `canBind`. */
export const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.setTimeout(500);
    socket.once("connect", () => resolve(true) ?? socket.destroy());
    socket.once("timeout", () => resolve(true) ?? socket.destroy());
    socket.once("error", () => resolve(false));
  });

const canBind = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EADDRNOTAVAIL"));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });

/** Free on every address: a browser that resolves localhost to ::1 must not meet someone else's server. */
export const isFree = async (port: number): Promise<boolean> =>
  !(await answers(port)) && (await canBind(port, "127.0.0.1")) && (await canBind(port, "::1"));

/** Where the clones of one person on this machine tell each other which ports they are about to use. */
const bookings = join(tmpdir(), `rushes-ports-${process.getuid?.() ?? 0}`);
const bookingOf = (file: string) => Bun.hash(file).toString(36);

/** The ports that other clones, which still run, have chosen, although they may not listen there yet. */
const bookedByOthers = (file: string): Set<number> =>
  new Set(
    readdirSync(bookings)
      .map((name) => name.replace(/\.pid$/, ""))
      .filter((name) => name.split("-")[1] !== bookingOf(file) && runningPid(bookings, name) !== null)
      .map((name) => Number(name.split("-")[0])),
  );

const remembered = (file: string): Partial<Ports> => {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Partial<Ports>;
  } catch {
    return {};
  }
};

/** The remembered ports, when all of them are known. */
export const readPorts = (file: string): Ports | null => {
  const ports = remembered(file);
  return portNames.every((name) => ports[name] !== undefined) ? (ports as Ports) : null;
};

/**
 * Chooses the ports of an instance and remembers them, so that URLs stay the same from run to run.
 * `keep(name)` says that a remembered port stays, free or not: this instance holds it.
 * @param base where this instance looks for ports that nobody types (and for the public ones of a test instance)
 */
export const choosePorts = async (
  file: string,
  base: number,
  usePublicDefaults: boolean,
  keep: (name: PortName) => boolean,
): Promise<Ports> => {
  mkdirSync(bookings, { recursive: true, mode: 0o700 });
  return withLock(bookings, "choosing ports", () => chooseAmongFree(file, base, usePublicDefaults, keep));
};

const chooseAmongFree = async (
  file: string,
  base: number,
  usePublicDefaults: boolean,
  keep: (name: PortName) => boolean,
): Promise<Ports> => {
  const before = remembered(file);
  const chosen: Partial<Ports> = {};
  const used = new Set<number>();
  const booked = bookedByOthers(file);
  const isOurs = async (port: number) => !used.has(port) && !booked.has(port) && (await isFree(port));
  let next = base;
  for (const name of portNames) {
    const last = before[name];
    const wish = usePublicDefaults ? preferred[name] : undefined;
    const candidates = [last, wish].filter((port) => port !== undefined);
    let port: number | undefined;
    if (last !== undefined && keep(name)) port = last;
    for (const candidate of port === undefined ? candidates : [])
      if (await isOurs(candidate)) {
        port = candidate;
        break;
      }
    let probe = wish === undefined ? next : wish + 10;
    while (port === undefined) {
      if (await isOurs(probe)) port = probe;
      probe += 1;
    }
    if (wish === undefined) next = Math.max(next, port >= base && port < base + 500 ? port + 1 : next);
    used.add(port);
    chosen[name] = port;
  }
  const ports = chosen as Ports;
  for (const port of used) markRunning(bookings, `${port}-${bookingOf(file)}`, process.pid);
  await Bun.write(file, `${JSON.stringify(ports, null, 2)}\n`);
  return ports;
};
