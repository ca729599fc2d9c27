import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { Refusal } from "../refusal.ts";

/** Not for the public, from the IANA special-purpose registries. IPv6 besides must lie in 2000::/3. */
const special = new BlockList();
for (const range of [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
])
  addRange(range, "ipv4");
// Among them the ranges that carry an IPv4 address inside: 6to4, Teredo, NAT64. A relay would leave where we cannot see.
for (const range of ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]) addRange(range, "ipv6");
const global6 = new BlockList();
global6.addSubnet("2000::", 3, "ipv6");

function addRange(range: string, family: "ipv4" | "ipv6") {
  const [net = "", bits] = range.split("/");
  special.addSubnet(net, Number(bits), family);
}

export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special.check(address, "ipv4");
  if (family !== 6) return false;
  return global6.check(address, "ipv6") && !special.check(address, "ipv6");
}

export interface Target {
  url: URL;
  /** As the certificate and the Host header name it. */
  hostname: string;
  port: number;
  /** The one address to connect to: resolved once, checked, and not resolved again. */
  address: string;
}

/**
 * Parses an endpoint. The WHATWG parser has already turned 127.1, 0x7f.1, 2130706433 and their like into
 * dotted addresses. Throws `invalid` with what is wrong.
 */
export function parseEndpoint(text: string, { allowPrivate }: { allowPrivate: boolean }): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new Refusal("invalid", "The address of a webhook must be a URL.");
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:"))
    throw new Refusal("invalid", "The address of a webhook must begin with https://.");
  if (url.username || url.password)
    throw new Refusal("invalid", "The address of a webhook must not carry a user name or password.");
  const literal = bare(url.hostname);
  if (!allowPrivate && isIP(literal) && !isPublicAddress(literal))
    throw new Refusal("invalid", "The address of a webhook must be reachable from the public internet.");
  return url;
}

/** Resolves the endpoint. Every address it has must be public: one private answer among them refuses it. */
export async function resolveTarget(
  text: string,
  { allowPrivate, deadlineMs }: { allowPrivate: boolean; deadlineMs: number },
): Promise<Target> {
  const url = parseEndpoint(text, { allowPrivate });
  const literal = bare(url.hostname);
  const addresses = isIP(literal) ? [literal] : await addressesOf(literal, deadlineMs);
  const [address] = addresses;
  if (address === undefined) throw new Error(`the name ${literal} has no address`);
  if (!allowPrivate && !addresses.every(isPublicAddress))
    throw new Refusal("invalid", `The name ${literal} leads to an address that is not public.`);
  return {
    url,
    hostname: literal,
    port: Number(url.port || (url.protocol === "https:" ? 443 : 80)),
    address,
  };
}

async function addressesOf(name: string, deadlineMs: number): Promise<string[]> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the name ${name} was not resolved in time`)), deadlineMs);
  });
  try {
    const found = await Promise.race([lookup(name, { all: true }), late]);
    return found.map(({ address }) => address);
  } finally {
    clearTimeout(timer);
  }
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}
