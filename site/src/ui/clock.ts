const trustedMs = 60_000;

/** How far the server's clock is ahead of this machine's; the page carries the server's, two seconds back. */
function ahead(): number {
  const made = Date.parse(globalThis.document?.documentElement.dataset.since ?? "") + 2000;
  const off = made - Date.now();
  return Math.abs(off) > trustedMs ? off : 0;
}
const offset = ahead();

/** Now by the server's clock, for whatever is compared with its times: this machine's may be wrong by hours. */
export function now(): number {
  return Date.now() + offset;
}
