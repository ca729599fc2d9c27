import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { type EdgeKey, MAX_TOKEN_TTL_SECONDS } from "#core/signing/edge-token.ts";
import { currentKey, previousKey, soon } from "./edge.ts";
import { ownVersion, patterned, putPreview } from "./previews.ts";
import { rawRequest } from "./raw.ts";

export interface Attack {
  line: number;
  expected: number[];
  method: string;
  target: string;
  note: string;
  headers: [string, string][];
}

export interface Outcome extends Attack {
  status: number;
  held: boolean;
}

/**
 * Reads a list: `expected | method | raw target | note [|| header: value]*`, statuses joined by commas, `#` for
 * comments. A bar inside a note is not supported.
 */
export function readAttacks(path: string): Attack[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((text, at) => {
      if (text.trim() === "" || text.startsWith("#")) return [];
      const [main = "", ...extra] = text.split("||");
      const [expected = "", method = "", target = "", note = ""] = main.split("|").map((part) => part.trim());
      const statuses = expected.split(",").map(Number);
      if (statuses.some((status) => !Number.isInteger(status) || status < 100) || !method || !target)
        throw new Error(`${path}:${at + 1} is not an attack`);
      const headers = extra.map((header): [string, string] => {
        const colon = header.indexOf(":");
        return [header.slice(0, colon).trim(), header.slice(colon + 1).trim()];
      });
      return [{ line: at + 1, expected: statuses, method, target, note, headers }];
    });
}

function mac(key: EdgeKey, exp: number, versionId: string): Buffer {
  return createHmac("sha256", key.secret).update(`edge1\n${key.kid}\n${exp}\n/assets/${versionId}/`).digest();
}

function token(key: EdgeKey, exp: number, versionId: string): string {
  return `${key.kid}.${exp}.${mac(key, exp, versionId).toString("base64url")}`;
}

/** What the placeholders of a list stand for now. Signed here by hand, not by the code under test. */
export function placeholders(): Map<string, string> {
  const exp = soon();
  const bytes = mac(currentKey, exp, "a1");
  const text = bytes.toString("base64url");
  const other = (letter: string | undefined) => (letter === "A" ? "B" : "A");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return new Map([
    ["A1", token(currentKey, exp, "a1")],
    ["OLD", token(previousKey, exp, "a1")],
    ["ABC", token(currentKey, exp, "abc")],
    ["B2", token(currentKey, exp, "b2")],
    ["EXP", token(currentKey, soon(-7200), "a1")],
    ["FAR", token(currentKey, soon(MAX_TOKEN_TTL_SECONDS + 200), "a1")],
    // What an object of keys would answer for a name that every object has.
    ["CTOR", token({ kid: "constructor", secret: "[object Function]" }, exp, "a1")],
    ["CTORN", token({ kid: "constructor", secret: "function Object() { [native code] }" }, exp, "a1")],
    ["EMPTYKEY", token({ kid: "k9", secret: "" }, exp, "a1")],
    ["UNDEF", token({ kid: "k9", secret: "undefined" }, exp, "a1")],
    ["E", String(exp)],
    ["E+1", String(exp + 1)],
    ["M", text],
    ["M-1", text.slice(0, -1)],
    ["Mflip", other(text[0]) + text.slice(1)],
    ["Mlast", text.slice(0, 42) + alphabet[alphabet.indexOf(text[42] ?? "") ^ 1]],
    ["Mhex", bytes.toString("hex")],
    [
      "MAC-OF-PREFIX",
      createHmac("sha256", currentKey.secret).update(`edge1\nk2\n${exp}\n/assets/a1`).digest("base64url"),
    ],
  ]);
}

/** Runs every line over its own connection. */
export async function runAttacks(port: number, attacks: Attack[]): Promise<Outcome[]> {
  const values = placeholders();
  const outcomes: Outcome[] = [];
  for (const attack of attacks) {
    const target = attack.target.replace(/\{([^}]+)\}/g, (whole, name: string) => values.get(name) ?? whole);
    const { status } = await rawRequest(port, attack.method, target, attack.headers);
    outcomes.push({ ...attack, status, held: attack.expected.includes(status) });
  }
  return outcomes;
}

export const describeFailures = (outcomes: Outcome[]): string[] =>
  outcomes
    .filter((one) => !one.held)
    .map((one) => `line ${one.line}: ${one.note}: expected ${one.expected.join(" or ")}, got ${one.status}`);

/** The objects that attack lists ask for, permitted and not. */
export async function putAttackTargets(): Promise<void> {
  const video = { type: "video/iso.segment" };
  await Promise.all([
    putPreview("a1", "hls/master.m3u8", "#EXTM3U\n#EXT-X-VERSION:7\n", {
      type: "application/vnd.apple.mpegurl",
    }),
    putPreview("a1", "hls/v720/seg-00001.m4s", patterned(500_000), video),
    putPreview("a1", "thumbs/sprite.jpg", patterned(20_000), { type: "image/jpeg" }),
    putPreview("a1", "proxy.mp4", patterned(3_000_000), { type: "video/mp4" }),
    putPreview("a1", ".hidden", "hidden", { type: "text/plain" }),
    ...["b2", "abc", "abcd"].map((id) =>
      putPreview(id, "secret.txt", `secret of ${id}`, { type: "text/plain" }),
    ),
    ...[1, 2, 3].map((n) => putPreview("a1", `hls/cold${n}.m3u8`, `#EXTM3U\n#${ownVersion()}\n`)),
  ]);
}
