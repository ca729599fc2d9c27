import state from "state.js";
import token from "token.js";

const SLOT_SECONDS = 100;

// For js_set: "ok:<generation>", or the reason why not. Runs only for tokens that are not remembered.
function gate(r) {
  const v = r.variables;
  const now = Number(v.msec);
  const verdict = token.verify(
    [process.env.EDGE_SIGNING_KEY || "", process.env.EDGE_SIGNING_KEY_PREVIOUS || ""],
    now,
    Number(process.env.EDGE_TOKEN_MAX_SECONDS),
    v.edge_kid,
    v.edge_exp,
    v.edge_mac,
    `/assets/${v.edge_version}/`,
  );
  if (verdict !== "ok") return verdict;
  if (state.isWaiting()) return "waiting";
  const version = state.versionState(v.edge_version);
  if (version === null) return "unsure";
  if (version.denied) return "denied";
  // A remembered token is good for the whole slot, so one that ends inside it is verified every time.
  const slotEnd = (Number(v.edge_slot) + 1) * SLOT_SECONDS;
  if (version.generation === 0 && Number(v.edge_exp) >= slotEnd && v.edge_slot.length === 8)
    state.remember(v.edge_version, v.edge_marker);
  return `ok:${version.generation}`;
}

// For js_set: the generation to fetch for a version without a token (hydration); empty when there is none.
function generation(r) {
  const version = state.versionState(r.variables.edge_version);
  return version === null || version.denied || state.isWaiting() ? "" : `${version.generation}`;
}

// For js_header_filter of a refusal that comes after the headers of a success were added.
function startOver(r) {
  Object.keys(r.headersOut).forEach((name) => {
    if (!/^(?:content-(?:type|length|range)|connection|date)$/i.test(name)) delete r.headersOut[name];
  });
}

export default { gate, generation, startOver };
