import fs from "fs";

// What this edge knows about versions, as small files (README, "State"):
//   versions/.here                       written once; without it nothing here can be believed
//   versions/<version>/generation        "<generation> <sequence> open|denied"
//   versions/<version>/seen/<marker>     one per verified token, only while the generation is 0
const root = process.env.EDGE_STATE_PATH;

function read(path) {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (e) {
    if (e.code === "ENOENT") return null;
    throw e;
  }
}

function folderOf(version) {
  return `${root}/versions/${version}`;
}

// { generation, sequence, denied }; null when the state cannot be believed.
function versionState(version) {
  let text;
  try {
    text = read(`${folderOf(version)}/generation`);
    if (text === null) {
      if (read(`${root}/versions/.here`) === null) return null;
      return { generation: 0, sequence: 0, denied: false };
    }
  } catch (_e) {
    return null;
  }
  const parts = text.trim().split(" ");
  if (parts.length !== 3) return null;
  return { generation: Number(parts[0]), sequence: Number(parts[1]), denied: parts[2] !== "open" };
}

function makeFolder(path) {
  try {
    fs.mkdirSync(path);
  } catch (e) {
    if (e.code !== "EEXIST") throw e;
  }
}

// A full volume must not stop a takedown: the ballast is given up for the few bytes it needs.
function writeWhole(path, text) {
  const draft = `${root}/drafts/${Date.now()}.${Math.random()}`;
  try {
    fs.writeFileSync(draft, text);
  } catch (e) {
    if (e.code !== "ENOSPC") throw e;
    fs.unlinkSync(`${root}/ballast`);
    fs.writeFileSync(draft, text);
  }
  fs.renameSync(draft, path);
}

// One rename takes every remembered token of the version away.
function forget(version) {
  try {
    fs.renameSync(`${folderOf(version)}/seen`, `${root}/trash/${version}.${Date.now()}.${Math.random()}`);
  } catch (e) {
    if (e.code !== "ENOENT") throw e;
  }
}

// Starts a new generation of the version. A sequence that is not newer than the stored one changes nothing.
// Without a sequence (an operator by hand) the stored one is kept.
function advance(version, sequence, denied) {
  const now = versionState(version);
  if (now === null) throw new Error("the state folder cannot be read");
  if (sequence > 0 && sequence <= now.sequence) return now;
  const next = {
    generation: Math.max(now.generation + 1, Date.now()),
    sequence: sequence > 0 ? sequence : now.sequence,
    denied,
  };
  makeFolder(folderOf(version));
  writeWhole(
    `${folderOf(version)}/generation`,
    `${next.generation} ${next.sequence} ${denied ? "denied" : "open"}\n`,
  );
  forget(version);
  try {
    fs.writeFileSync(`${root}/erase/${version}`, "");
  } catch (_e) {
    // The bytes stay until they age out; no viewer gets them.
  }
  return next;
}

// Remembers a verified token. The generation is read again afterwards: a purge in between either took the
// folder away, or is seen here.
function remember(version, marker) {
  const folder = `${folderOf(version)}/seen`;
  const path = `${folder}/${marker}`;
  try {
    makeFolder(folderOf(version));
    makeFolder(folder);
    fs.writeFileSync(path, "");
    const after = versionState(version);
    if (after === null || after.generation !== 0) fs.unlinkSync(path);
  } catch (_e) {
    // Nothing is lost but speed: the next request is verified in full.
  }
}

function sequence() {
  return Number((read(`${root}/sequence`) || "0").trim());
}

function setSequence(value) {
  writeWhole(`${root}/sequence`, `${value}\n`);
}

function isReadable() {
  return versionState("readable") !== null;
}

// An edge told to wait does not serve until it has been brought up to date once since it started.
function isWaiting() {
  if (process.env.EDGE_AWAIT_PURGES !== "1") return false;
  return read(`${process.env.EDGE_RUN_PATH}/current`) === null;
}

function endWaiting() {
  fs.writeFileSync(`${process.env.EDGE_RUN_PATH}/current`, "");
}

function counters() {
  return read(`${process.env.EDGE_RUN_PATH}/metrics.prom`) || "";
}

function isFull() {
  return read(`${process.env.EDGE_RUN_PATH}/full`) !== null;
}

function freeBytes() {
  return Number((read(`${process.env.EDGE_RUN_PATH}/free`) || "0").trim());
}

export default {
  versionState,
  isReadable,
  advance,
  remember,
  sequence,
  setSequence,
  isWaiting,
  endWaiting,
  counters,
  isFull,
  freeBytes,
};
