import { type AddressInfo, createServer } from "node:net";

const given = new Set<number>();

/** A port that was free a moment ago, never the same twice. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((done) => server.close(() => done()));
  if (given.has(port)) return freePort();
  given.add(port);
  return port;
}
