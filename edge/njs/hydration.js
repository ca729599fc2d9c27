// Warms what a first viewer asks for: master, media playlists, init and first segments. Two fetches at a time
// and a bounded number of objects, so that it never stands in a viewer's way.
const AT_ONCE = 2;
const MAX_PLAYLISTS = 16;
const MAX_OBJECTS = 80;
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

function parse(body) {
  const segments = body.segments === undefined ? 2 : body.segments;
  if (!NAME.test(body.folder || "") || !Number.isInteger(segments) || segments < 0 || segments > 10)
    return null;
  return { folder: body.folder, segments };
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

async function inTurns(items, work) {
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const item = items[next];
      next += 1;
      await work(item);
    }
  };
  const lanes = [];
  for (let i = 0; i < AT_ONCE; i++) lanes.push(lane());
  await Promise.all(lanes);
}

// { warmed, failed }: counts of objects.
async function hydrate(r, version, request) {
  const base = `/warm/assets/${version}/${request.folder}/`;
  const count = { warmed: 0, failed: 0 };
  const fetched = async (name, method) => {
    const reply = await r.subrequest(base + name, { method });
    if (reply.status === 200) count.warmed += 1;
    else count.failed += 1;
    return reply.status === 200 && method === "GET" ? reply.responseText || "" : "";
  };

  // 0.7.9 has no await among arguments.
  const master = await fetched("master.m3u8", "GET");
  const playlists = namesIn(master).playlists;
  const unique = playlists.filter((name, at) => playlists.indexOf(name) === at).slice(0, MAX_PLAYLISTS);
  const objects = ["storyboard.vtt", "poster.jpg"];
  await inTurns(unique, async (name) => {
    const text = await fetched(name, "GET");
    const media = namesIn(text);
    media.maps.concat(media.segments.slice(0, request.segments)).forEach((object) => {
      if (objects.indexOf(object) < 0) objects.push(object);
    });
  });
  await inTurns(objects.slice(0, MAX_OBJECTS), (name) => fetched(name, "HEAD"));
  return count;
}

export default { parse, namesIn, hydrate };
