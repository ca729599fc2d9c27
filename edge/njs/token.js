import crypto from "crypto";

// Equal in a time that does not depend on where they differ. Compares the text, not the decoded bytes:
// base64url has four spellings of the same 32 bytes and only one of them is the token.
function sameMac(given, wanted) {
  const a = Buffer.from(given);
  const b = Buffer.from(wanted);
  if (a.length !== 43 || b.length !== 43) return false;
  let difference = 0;
  for (let at = 0; at < 40; at += 4) difference |= a.readUInt32LE(at) ^ b.readUInt32LE(at);
  difference |= a.readUInt32LE(39) ^ b.readUInt32LE(39);
  return difference === 0;
}

// keys: ['kid:secret', …]. A plain prefix test: an object looked up by kid would also find what every
// object inherits.
function secretOf(keys, kid) {
  if (kid.length === 0) return "";
  for (let i = 0; i < keys.length; i++)
    if (keys[i].startsWith(`${kid}:`)) return keys[i].slice(kid.length + 1);
  return "";
}

// 'ok' | 'forged' | 'expired' | 'far'. The MAC comes first: only an honest token learns that it is too old.
function verify(keys, nowSeconds, maxTtlSeconds, kid, exp, mac, folder) {
  const secret = secretOf(keys, kid);
  if (secret.length < 32) return "forged";
  const wanted = crypto
    .createHmac("sha256", secret)
    .update(`edge1\n${kid}\n${exp}\n${folder}`)
    .digest("base64url");
  if (!sameMac(mac, wanted)) return "forged";
  const until = Number(exp);
  if (!(until > nowSeconds)) return "expired";
  if (!(until <= nowSeconds + maxTtlSeconds)) return "far";
  return "ok";
}

// Equal secrets of any length: both are hashed first, so the comparison tells nothing about either.
function sameSecret(a, b) {
  const digest = (text) => crypto.createHash("sha256").update(text).digest("base64url");
  return sameMac(digest(a), digest(b));
}

export default { verify, sameSecret };
