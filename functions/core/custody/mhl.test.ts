import { expect, test } from "bun:test";
import { chainXml, mhlFileName, mhlXml } from "./mhl.ts";
import { NotMhl, readChain, readMhl } from "./read-mhl.ts";
import { attachment, safeFileName } from "./safe-name.ts";

const at = new Date("2026-11-22T08:30:05.250Z");
const hashes = { xxh128: "0".repeat(32), c4: `c4${"1".repeat(88)}` };
const generation = (change: object = {}) =>
  mhlXml({
    generation: 1,
    fileName: "A001 <take> & 'one'.mov",
    bytes: 1234,
    modifiedAt: at,
    hashes,
    action: "original",
    at,
    hostName: "host",
    toolVersion: "1.0",
    ...change,
  });

test("a manifest says what ASC MHL v2.0 asks for, in its order", () => {
  const xml = generation({ author: { name: "Ada", role: "DIT" }, comment: "day 3" });
  const tags = [...xml.matchAll(/<([a-z0-9]+)[ >]/g)].map(([, tag]) => tag);
  expect(tags).toEqual([
    ...["hashlist", "creatorinfo", "creationdate", "hostname", "tool", "author", "comment"],
    ...["processinfo", "process", "ignore", "pattern", "pattern", "pattern"],
    ...["hashes", "hash", "path", "c4", "xxh128"],
  ]);
  expect(xml).toContain('<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0">');
  expect(xml).toContain('hashdate="2026-11-22T08:30:05.250+00:00"');
  expect(xml).toContain("<process>transfer</process>");
  expect(generation({ generation: 2 })).toContain("<process>in-place</process>");
});

test("what is written is read back, whatever the name", () => {
  for (const fileName of ["plain.mov", "A001 <take> & 'one'.mov", "試写 🎬.mxf", "a\u0001b.mp4"]) {
    const [entry] = readMhl(generation({ fileName }));
    expect(entry).toEqual({
      path: fileName.replace("\u0001", ""),
      bytes: 1234,
      hashes: [
        { format: "c4", value: hashes.c4, action: "original" },
        { format: "xxh128", value: hashes.xxh128, action: "original" },
      ],
    });
  }
});

test("manifests of other tools are read: many files, other hashes, comments, numeric entities", () => {
  const xml = `<?xml version="1.0"?><hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0"><hashes>
    <!-- <hash><path>no.mov</path></hash> -->
    <hash><path size="5">Clips/A&#x26;B.mov</path><xxh64 action="original">0ea03b369a463d9d</xxh64></hash>
    <hash><path>Sidecar.txt</path><md5>9eb84090956c484e32cb6c08455a667b</md5></hash></hashes></hashlist>`;
  expect(readMhl(xml).map(({ path, hashes: [hash] }) => [path, hash?.format])).toEqual([
    ["Clips/A&B.mov", "xxh64"],
    ["Sidecar.txt", "md5"],
  ]);
  expect(() => readMhl("<hashlist version='1.1'/>")).toThrow(NotMhl);
  expect(() => readMhl("{}")).toThrow(NotMhl);
});

test("the chain names its manifests in order", () => {
  const chain = [
    { generation: 1, fileName: mhlFileName(1, "ver_1", at), c4: hashes.c4 },
    { generation: 2, fileName: mhlFileName(2, "ver_1", at), c4: hashes.c4 },
  ];
  expect(chain[0]?.fileName).toBe("0001_ver_1_2026-11-22_083005Z.mhl");
  expect(readChain(chainXml(chain))).toEqual(
    chain.map((entry) => ({ sequence: entry.generation, path: entry.fileName, c4: entry.c4 })),
  );
});

test("a name becomes a file nowhere else than where it should", () => {
  const cases: [string, string][] = [
    ["../../etc/passwd", "_.._etc_passwd"],
    ["..", "master"],
    ["C:\\x\\y.mov", "C__x_y.mov"],
    ["gpj.\u202egpm", "gpj.gpm"],
    ['a"b|c?.mp4', "a_b_c_.mp4"],
    ["🎬".repeat(255), "🎬".repeat(50)],
    [`${"é".repeat(200)}.mov`, `${"é".repeat(98)}.mov`],
  ];
  for (const [name, safe] of cases) expect(safeFileName(name)).toBe(safe);
  expect(attachment("試写 'x'.mov")).toBe(
    `attachment; filename="__ 'x'.mov"; filename*=UTF-8''%E8%A9%A6%E5%86%99%20%27x%27.mov`,
  );
});
