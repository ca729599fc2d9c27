import { S3RequestPresigner } from "@aws-sdk/s3-request-presigner";
import { storageNow } from "./clock.ts";
import type { Storage } from "./storage.ts";

type Request = Parameters<S3RequestPresigner["presign"]>[0];

const signers = new WeakMap<Storage, S3RequestPresigner>();

/**
 * A URL that allows one request until it expires. Every header given is part of the signature: the storage
 * refuses a request that sends another value. Much cheaper than a command's whole middleware stack.
 */
export async function signUrl(
  storage: Storage,
  request: {
    method: "PUT" | "GET";
    bucket: string;
    key: string;
    query?: Record<string, string>;
    headers?: Record<string, string>;
  },
  expiresSeconds: number,
): Promise<string> {
  let signer = signers.get(storage);
  if (!signer) {
    const { credentials, region, sha256 } = storage.s3.config;
    signer = new S3RequestPresigner({ credentials, region, sha256 });
    signers.set(storage, signer);
  }
  const base = new URL(storage.endpoint);
  const headers = { host: base.host, ...request.headers };
  const unsigned = {
    method: request.method,
    protocol: base.protocol,
    hostname: base.hostname,
    ...(base.port ? { port: Number(base.port) } : {}),
    path: `/${request.bucket}/${request.key.split("/").map(encode).join("/")}`,
    query: { ...request.query },
    headers,
  };
  const signed = await signer.presign(unsigned as unknown as Request, {
    expiresIn: expiresSeconds,
    signingDate: await storageNow(storage),
    signableHeaders: new Set(Object.keys(headers)),
  });
  const query = Object.entries(signed.query ?? {})
    .map(([name, value]) => `${encode(name)}=${encode(String(value))}`)
    .join("&");
  return `${base.origin}${signed.path}?${query}`;
}

/** Percent-encoding as AWS defines it: everything but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
