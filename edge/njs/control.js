import hydration from "hydration.js";
import state from "state.js";
import token from "token.js";

const MAX_BATCH = 1000;

function answer(r, status, body) {
  r.headersOut["Content-Type"] = "application/json";
  r.headersOut["Cache-Control"] = "no-store";
  r.return(status, `${JSON.stringify(body)}\n`);
}

function isKeyHolder(r) {
  const key = process.env.EDGE_PURGE_KEY || "";
  const given = r.headersIn.Authorization || "";
  return key.length >= 16 && token.sameSecret(given, `Bearer ${key}`);
}

// True when the request may go on; answers it otherwise.
function mayChange(r, method) {
  if (!isKeyHolder(r)) answer(r, 401, { error: "a bearer key is needed" });
  else if (r.method !== method) answer(r, 405, { error: `${method} only` });
  else return true;
  return false;
}

function bodyOf(r) {
  const text = r.requestText || "";
  return text === "" ? {} : JSON.parse(text);
}

function isEntry(entry) {
  return (
    /^[a-z0-9][a-z0-9_]{0,63}$/.test(entry.versionId) &&
    Number.isInteger(entry.sequence) &&
    entry.sequence > 0 &&
    typeof entry.deny === "boolean"
  );
}

// POST /purge/<version> {deny?: boolean}: by hand, without the log. A version stays denied until a purge says
// {"deny": false}.
function purge(r) {
  if (!mayChange(r, "POST")) return;
  let deny;
  try {
    deny = bodyOf(r).deny;
  } catch (_e) {
    return answer(r, 400, { error: "the body is not JSON" });
  }
  if (deny !== undefined && typeof deny !== "boolean")
    return answer(r, 400, { error: "deny is true or false" });
  const version = r.variables.edge_version;
  try {
    const before = state.versionState(version);
    if (before === null) return answer(r, 503, { error: "the state folder cannot be read" });
    answer(r, 200, state.advance(version, 0, deny === undefined ? before.denied : deny));
  } catch (_e) {
    answer(r, 500, { error: "the state folder cannot be written" });
  }
}

// POST /purges {entries: [{versionId, sequence, deny}], upTo}: a stretch of the generation log, oldest first.
// Repeating it changes nothing. upTo is what this edge has then seen.
function purges(r) {
  if (!mayChange(r, "POST")) return;
  let body;
  try {
    body = bodyOf(r);
  } catch (_e) {
    return answer(r, 400, { error: "the body is not JSON" });
  }
  const entries = body.entries;
  const isStretch = Array.isArray(entries) && entries.length <= MAX_BATCH && entries.every(isEntry);
  if (!isStretch || !Number.isInteger(body.upTo))
    return answer(r, 400, { error: "not a stretch of the log" });
  if (!state.isReadable()) return answer(r, 503, { error: "the state folder cannot be read" });
  try {
    for (let i = 0; i < entries.length; i++)
      state.advance(entries[i].versionId, entries[i].sequence, entries[i].deny);
    if (body.upTo > state.sequence()) state.setSequence(body.upTo);
    if (body.isWhole === true) state.endWaiting();
    answer(r, 200, { sequence: state.sequence() });
  } catch (_e) {
    answer(r, 500, { error: "the state folder cannot be written" });
  }
}

// GET /state: how far this edge has come in the log.
function current(r) {
  if (!mayChange(r, "GET")) return;
  try {
    answer(r, 200, { sequence: state.sequence(), waiting: state.isWaiting() });
  } catch (_e) {
    answer(r, 503, { error: "the state folder cannot be read" });
  }
}

// POST /hydrate/<version> {folder, names, segments?}: warms what is named in the folder, and of each master among
// it the playlists and first segments.
async function hydrate(r) {
  if (!mayChange(r, "POST")) return;
  let request;
  try {
    request = hydration.parse(bodyOf(r));
  } catch (_e) {
    return answer(r, 400, { error: "the body is not JSON" });
  }
  if (request === null)
    return answer(r, 400, {
      error: "folder is one path segment, names are up to 8 files in it, segments 0 to 10",
    });
  if (!state.isReadable()) return answer(r, 503, { error: "the state folder cannot be read" });
  const count = await hydration.hydrate(r, r.variables.edge_version, request);
  answer(r, 200, count);
}

// GET /metrics: the counters that tend.sh adds up from the logs, and what can be read now.
function metrics(r) {
  const gauges = [
    ["volume_free_bytes", "Free bytes of the cache's volume.", state.freeBytes()],
    ["passing_through", "1 while the volume has no room and nothing new is kept.", state.isFull() ? 1 : 0],
    ["log_sequence", "How far this edge has come in the generation log.", state.sequence()],
    ["connections", "Open connections.", Number(r.variables.connections_active)],
  ];
  const lines = gauges.map(
    (one) =>
      `# HELP rushes_edge_${one[0]} ${one[1]}\n# TYPE rushes_edge_${one[0]} gauge\nrushes_edge_${one[0]} ${one[2]}\n`,
  );
  r.headersOut["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8";
  r.return(200, state.counters() + lines.join(""));
}

// GET /readyz: each dependency by name.
async function ready(r) {
  const probe = await r.subrequest("/storage-probe", { method: "GET" });
  const report = {
    state: state.isReadable() ? "ok" : "cannot be read",
    purges: state.isWaiting() ? "waiting for the log" : "ok",
    storage: probe.status === 404 || probe.status === 200 ? "ok" : "does not answer or refuses our keys",
  };
  const isReady = report.state === "ok" && report.purges === "ok" && report.storage === "ok";
  answer(r, isReady ? 200 : 503, { ready: isReady, checks: report });
}

export default { purge, purges, state: current, hydrate, metrics, ready };
