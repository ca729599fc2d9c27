import { hash, verify } from "@node-rs/argon2";
import { refuse } from "../refusal.ts";

// argon2id as OWASP asks for: 19 MiB, two passes. One takes about 26 ms and 19 MiB, so few may run at once.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const MAX_AT_ONCE = 2;
const MAX_WAITING = 50;

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MAX_AT_ONCE) {
    if (waiting.length >= MAX_WAITING)
      refuse("rate-limited", "Too many passphrases are being checked.", { retryAfterSeconds: 2 });
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

export function hashPassphrase(passphrase: string): Promise<string> {
  return inTurn(() => hash(passphrase.normalize("NFC"), cost));
}

export function isPassphrase(passphrase: string, stored: string): Promise<boolean> {
  return inTurn(() => verify(stored, passphrase.normalize("NFC")));
}
