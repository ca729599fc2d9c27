// Warms what a first viewer asks for: master, media playlists, init and first segments. Two fetches at a time
// and a bounded number of objects, so that it never stands in a viewer's way.
const AT_ONCE = 2;
const MAX_PLAYLISTS = 16;
const MAX_OBJECTS = 80;
const MAX_NAMES = 8;
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

function parse(body) {
  const segments = body.segments === undefined ? 2 : body.segments;
  const isPlain = (name) => typeof name === "string" && NAME.test(name);
  if (!isPlain(body.folder) || !Number.isInteger(segments) || segments < 0 || segments > 10) return null;
  if (!Array.isArray(body.names) || body.names.length > MAX_NAMES || !body.names.every(isPlain)) return null;
  return { folder: body.folder, names: body.names, segments };
}

// The names a playlist refers to, in order: { playlists, maps, segments }. Only plain names of the same folder.
function namesIn(text) {
  const names = { playlists: [], maps: [], segments: [] };
  text.split("\n").forEach((raw) => {
    const line = raw.trim();
    const uri = line.startsWith("#") ? (/URI="([^"]*)"/.exec(line) || [])[1] : line;
    if (!uri || !NAME.test(uri)) return;
    if (/\.m3u8$/.test(uri)) names.playlists.push(uri);
    else if (line.startsWith("#EXT-X-MAP")) names.maps.push(uri);
    else if (!line.startsWith("#")) names.segments.push(uri);
  });
  return names;
}

// Works through the items, AT_ONCE at a time.
function inTurns(items, work) {
  let next = 0;
  const lane = () => {
    if (next >= items.length) return Promise.resolve();
    const item = items[next];
    next += 1;
    return work(item).then(lane);
  };
  const lanes = [];
  for (let i = 0; i < AT_ONCE; i++) lanes.push(lane());
  return Promise.all(lanes);
}

// Promises { warmed, failed }: counts of objects. Only what was named is asked for, and what a named playlist leads
// to: an object that is not there yet would be remembered as missing.
function hydrate(r, version, request) {
  const count = { warmed: 0, failed: 0 };
  const masters = request.names.filter((name) => /\.m3u8$/.test(name));
  const objects = request.names.filter((name) => masters.indexOf(name) < 0);
  const fetched = (name, method) =>
    r.subrequest(`/warm/assets/${version}/${request.folder}/${name}`, { method }).then((reply) => {
      if (reply.status === 200) count.warmed += 1;
      else count.failed += 1;
      return reply.status === 200 && method === "GET" ? reply.responseText || "" : "";
    });
  const collect = (text) => {
    const media = namesIn(text);
    media.maps.concat(media.segments.slice(0, request.segments)).forEach((name) => {
      if (objects.indexOf(name) < 0) objects.push(name);
    });
  };
  const playlists = [];
  return inTurns(masters, (name) =>
    fetched(name, "GET").then((text) => playlists.push.apply(playlists, namesIn(text).playlists)),
  )
    .then(() => {
      const unique = playlists.filter((name, at) => playlists.indexOf(name) === at);
      return inTurns(unique.slice(0, MAX_PLAYLISTS), (name) => fetched(name, "GET").then(collect));
    })
    .then(() => inTurns(objects.slice(0, MAX_OBJECTS), (name) => fetched(name, "HEAD")))
    .then(() => count);
}

export default { parse, namesIn, hydrate };
