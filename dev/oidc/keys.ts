import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { writePrivate } from "#dev/instance.ts";

type Keys = { jwks: { keys: Record<string, unknown>[] }; cookies: string[] };

/** Keys that outlive a restart, so that tokens and the provider's own sessions stay valid. */
export const openKeys = (file: string): Keys => {
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Keys;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = {
    ...privateKey.export({ format: "jwk" }),
    use: "sig",
    alg: "RS256",
    kid: randomBytes(6).toString("hex"),
  };
  const keys: Keys = { jwks: { keys: [jwk] }, cookies: [randomBytes(32).toString("base64url")] };
  writePrivate(file, JSON.stringify(keys));
  return keys;
};
