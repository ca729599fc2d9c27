/** A storage that has everything: the first `bytes` of anything asked for, at once. Counts what it was asked. */
export function startEndlessOrigin(bytes: number): {
  endpoint: string;
  requests(): number;
  stop(): Promise<void>;
} {
  const body = new Uint8Array(bytes);
  let requests = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch() {
      requests += 1;
      return new Response(body, {
        headers: { "cache-control": "public, max-age=31536000, immutable", etag: '"same"' },
      });
    },
  });
  return {
    endpoint: `http://127.0.0.1:${server.port}`,
    requests: () => requests,
    stop: () => server.stop(true),
  };
}
