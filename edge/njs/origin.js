import crypto from "crypto";

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SIGNED = "host;x-amz-content-sha256;x-amz-date";
const KEPT = [
  "accept-ranges",
  "cache-control",
  "content-length",
  "content-range",
  "content-type",
  "etag",
  "last-modified",
  "transfer-encoding",
];

function hmac(key, text) {
  return crypto.createHmac("sha256", key).update(text);
}

// For js_set: x-amz-date of this request, from nginx's clock.
function date(r) {
  return new Date(Math.floor(Number(r.variables.msec) * 1000)).toISOString().replace(/[-:]|\.\d+/g, "");
}

// For js_set: the Authorization header (AWS Signature Version 4, single chunk, no query). The path needs no
// encoding: the gate lets through only characters that stand for themselves.
function authorization(r) {
  const v = r.variables;
  const at = v.origin_date;
  const scope = `${at.slice(0, 8)}/${process.env.WASABI_REGION}/s3/aws4_request`;
  const request = [
    "GET",
    v.origin_path,
    "",
    `host:${v.origin_host}`,
    `x-amz-content-sha256:${EMPTY}`,
    `x-amz-date:${at}`,
    "",
    SIGNED,
    EMPTY,
  ].join("\n");
  const digest = crypto.createHash("sha256").update(request).digest("hex");
  let key = hmac(`AWS4${process.env.S3_EDGE_SECRET_ACCESS_KEY}`, at.slice(0, 8)).digest();
  key = hmac(key, process.env.WASABI_REGION).digest();
  key = hmac(key, "s3").digest();
  key = hmac(key, "aws4_request").digest();
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${at}\n${scope}\n${digest}`).digest("hex");
  return `AWS4-HMAC-SHA256 Credential=${process.env.S3_EDGE_ACCESS_KEY_ID}/${scope}, SignedHeaders=${SIGNED}, Signature=${signature}`;
}

// For js_header_filter: only what a viewer needs leaves the storage; ids, metadata and versions stay there.
function keepNeeded(r) {
  Object.keys(r.headersOut).forEach((name) => {
    if (KEPT.indexOf(name.toLowerCase()) < 0) delete r.headersOut[name];
  });
}

// For js_set: where nginx keeps the object of this cache key, for the sweep that erases it (levels=1:2).
function cacheFile(r) {
  const key = r.variables.http_x_edge_key || "";
  const name = crypto.createHash("md5").update(key).digest("hex");
  return `${name.slice(31)}/${name.slice(29, 31)}/${name}`;
}

export default { date, authorization, keepNeeded, cacheFile };
