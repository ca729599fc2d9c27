import { describe, expect, test } from "bun:test";
import { findAll, findOne, parseCsv, parseEdl, parseXml } from "#tests/support/parsers.ts";
import { agreed, comment, sheetOf } from "#tests/support/sheets.ts";
import { countTimecode, type FrameModel, frameToTimecode } from "../timecode/timecode.ts";
import { avid } from "./avid.ts";
import { csv } from "./csv.ts";
import { edl } from "./edl.ts";
import { fcpxml } from "./fcpxml.ts";
import { json } from "./json.ts";
import { otio } from "./otio.ts";
import { xmeml } from "./xmeml.ts";

const rates: [string, Partial<FrameModel>][] = [
  ["23.976", { rate: { num: 24_000, den: 1001 }, dropFrame: false }],
  ["24", { rate: { num: 24, den: 1 }, dropFrame: false }],
  ["25", { rate: { num: 25, den: 1 }, dropFrame: false }],
  ["29.97 DF", {}],
  ["29.97", { dropFrame: false }],
  ["50", { rate: { num: 50, den: 1 }, dropFrame: false }],
  ["59.94 DF", { rate: { num: 60_000, den: 1001 } }],
  ["60", { rate: { num: 60, den: 1 }, dropFrame: false }],
];

describe("EDL", () => {
  test("is the agreed file, one marker per frame, exact in drop-frame", () => {
    const text = edl(sheetOf());
    agreed("comments.edl", text);
    const { isDropFrame, events } = parseEdl(text);
    expect(isDropFrame).toBe(true);
    expect(events.map(({ from, to, frames, color }) => [from, to, frames, color])).toEqual([
      ["01:00:00;00", "01:00:00;01", 1, "ResolveColorBlue"],
      ["01:00:59;29", "01:01:00;02", 52, "ResolveColorBlue"],
      ["01:01:00;02", "01:01:00;03", 1, "ResolveColorGreen"],
      ["01:10:00;17", "01:10:00;18", 1, "ResolveColorBlue"],
    ]);
    expect(events[1]?.text).toBe(
      'Бен: Too dark, "really" / <b> second line / Ana: Mended & graded / Ana: =SUM(A1)',
    );
  });

  test.each(rates)("at %s every event names the frame of its comment", (_, change) => {
    const sheet = sheetOf(change);
    const start = countTimecode("01:00:00:00", sheet.model);
    const { events } = parseEdl(edl(sheet));
    expect(events.map(({ from }) => countTimecode(from, sheet.model) - start)).toEqual([
      0, 1799, 1800, 17_999,
    ]);
  });
});

test("the Avid list is the agreed file, with six columns and no line break inside", () => {
  const text = avid(sheetOf());
  agreed("comments.avid.txt", text);
  const rows = text
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split("\t"));
  expect(rows.map((row) => row.length)).toEqual([6, 6, 6, 6]);
  expect(rows.map(([, timecode, track, color]) => [timecode, track, color])).toEqual([
    ["01:00:00;00", "V1", "red"],
    ["01:00:59;29", "V1", "red"],
    ["01:01:00;02", "V1", "green"],
    ["01:10:00;17", "V1", "red"],
  ]);
});

/** `1001/30000s` as [numerator, denominator]. */
function fractionOf(text: string | undefined): [bigint, bigint] {
  const [, top = "", bottom = "1"] = /^(\d+)(?:\/(\d+))?s$/.exec(text ?? "") ?? [];
  return [BigInt(top), BigInt(bottom)];
}

function framesIn(time: string | undefined, frame: [bigint, bigint]): number {
  const [top, bottom] = fractionOf(time);
  const [product, divisor] = [top * frame[1], bottom * frame[0]];
  if (product % divisor !== 0n) throw new Error(`${time} is not a whole number of frames`);
  return Number(product / divisor);
}

describe("FCPXML", () => {
  test("is the agreed file", () => {
    const text = fcpxml(sheetOf());
    agreed("comments.fcpxml", text);
    const document = parseXml(text);
    expect(document.attributes).toEqual({ version: "1.9" });
    const markers = findAll(document, "marker");
    expect(markers.map(({ attributes }) => attributes.completed)).toEqual(["0", "0", "1", "0"]);
    expect(markers[1]?.attributes.value).toContain('Too dark, "really" | <b> second line');
    expect(findAll(document, "sequence")[0]?.attributes.tcFormat).toBe("DF");
  });

  test.each(rates)("at %s every time is a whole number of frames", (_, change) => {
    const sheet = sheetOf(change);
    const document = parseXml(fcpxml(sheet));
    const frame = fractionOf(findAll(document, "format")[0]?.attributes.frameDuration);
    expect(Number(frame[1]) / Number(frame[0])).toBeCloseTo(sheet.model.rate.num / sheet.model.rate.den, 10);
    const [clip] = findAll(document, "asset-clip");
    const start = framesIn(clip?.attributes.start, frame);
    expect(start).toBe(countTimecode("01:00:00:00", sheet.model));
    expect(framesIn(clip?.attributes.duration, frame)).toBe(18_000);
    const markers = findAll(document, "marker").map(({ attributes }) => [
      framesIn(attributes.start, frame) - start,
      framesIn(attributes.duration, frame),
    ]);
    expect(markers).toEqual([
      [0, 1],
      [1799, 52],
      [1800, 1],
      [17_999, 1],
    ]);
  });
});

describe("XML for Premiere", () => {
  test("is the agreed file", () => {
    const text = xmeml(sheetOf());
    agreed("comments.xmeml.xml", text);
    const sequence = findOne(parseXml(text), "sequence");
    expect(findOne(sequence, "timecode", "displayformat").text).toBe("DF");
    expect(findOne(sequence, "timecode", "frame").text).toBe("107892");
    const markers = sequence.children.filter(({ name }) => name === "marker");
    const numbers = markers.map((marker) => [findOne(marker, "in").text, findOne(marker, "out").text]);
    expect(numbers).toEqual([
      ["0", "-1"],
      ["1799", "1851"],
      ["1800", "-1"],
      ["17999", "-1"],
    ]);
  });

  test.each(rates)("at %s says the base and whether it is NTSC", (name, change) => {
    const rate = findOne(parseXml(xmeml(sheetOf(change))), "sequence", "rate");
    expect(Number(findOne(rate, "timebase").text)).toBe(Math.round(Number.parseFloat(name)));
    expect(findOne(rate, "ntsc").text).toBe(/\./.test(name) ? "TRUE" : "FALSE");
  });
});

describe("OTIO", () => {
  test("is the agreed file, with every thread as its own Marker.2", () => {
    const text = otio(sheetOf());
    agreed("comments.otio", text);
    const timeline = JSON.parse(text);
    expect(timeline.OTIO_SCHEMA).toBe("Timeline.1");
    const clip = timeline.tracks.children[0].children[0];
    expect(clip.OTIO_SCHEMA).toBe("Clip.2");
    expect(clip.markers.map((one: { OTIO_SCHEMA: string }) => one.OTIO_SCHEMA)).toEqual(
      Array(5).fill("Marker.2"),
    );
    const starts = clip.markers.map(
      (one: { marked_range: { start_time: { value: number } } }) =>
        one.marked_range.start_time.value - clip.source_range.start_time.value,
    );
    expect(starts).toEqual([0, 1799, 1799, 1800, 17_999]);
    expect(clip.markers[2].marked_range.duration.value).toBe(52);
    expect(clip.markers[0].marked_range.start_time.rate).toBeCloseTo(29.97003, 5);
  });
});

test("CSV is the agreed file, one row per comment, and runs nothing in a spreadsheet", () => {
  const text = csv(sheetOf());
  agreed("comments.csv", text);
  expect(text.charCodeAt(0)).toBe(0xfeff);
  const [head = [], ...rows] = parseCsv(text.slice(1));
  const column = (name: string) => rows.map((row) => row[head.indexOf(name)]);
  expect(column("Frame in")).toEqual(["0", "1799", "1799", "1799", "1800", "17999"]);
  expect(column("Timecode in")).toEqual([
    "01:00:00;00",
    "01:00:59;29",
    "01:00:59;29",
    "01:00:59;29",
    "01:01:00;02",
    "01:10:00;17",
  ]);
  expect(column("Reply to")).toEqual(["", "", "2", "", "", ""]);
  expect(column("Comment")[1]).toBe('Too dark, "really" | <b>\nsecond line');
  expect(column("Comment")[3]).toBe("'=SUM(A1)");
  expect(column("Resolved")[4]).toBe("yes");
});

test("JSON is the agreed file, with threads, timecode and seconds", () => {
  const text = json(sheetOf());
  agreed("comments.json", text);
  const { comments, rateLabel } = JSON.parse(text);
  expect(rateLabel).toBe("29.97 DF");
  expect(comments).toHaveLength(5);
  expect(comments[1]).toMatchObject({
    frame: 1799,
    timecode: "01:00:59;29",
    replies: [{ text: "Mended & graded" }],
  });
  expect(comments[1].seconds).toBeCloseTo((1799 * 1001) / 30_000, 9);
});

describe("variable rate", () => {
  const pts = [0, 0.04, 0.12, 0.13, 0.2];
  const change = { rate: { num: 25, den: 1 }, dropFrame: false, variable: true, pts, frames: 5 };
  const comments = [
    comment({ frame: 1, text: "a" }),
    comment({ frame: 2, text: "b" }),
    comment({ frame: 3, text: "c" }),
    comment({ frame: 4, text: "d" }),
  ];
  test("goes to the constant timeline by time; frames that fall together there are merged", () => {
    const { events } = parseEdl(edl(sheetOf(change, comments)));
    expect(events.map(({ from, text }) => [from, text])).toEqual([
      ["01:00:00:01", "Ana: a"],
      ["01:00:00:03", "Ana: b / Ana: c"],
      ["01:00:00:05", "Ana: d"],
    ]);
    expect(frameToTimecode(sheetOf(change).model, 4)).toBe("01:00:00:05");
  });
});

test("a version without comments exports to files that can still be read", () => {
  const sheet = sheetOf({}, []);
  expect(parseEdl(edl(sheet)).events).toEqual([]);
  expect(findAll(parseXml(fcpxml(sheet)), "marker")).toEqual([]);
  expect(findAll(parseXml(xmeml(sheet)), "marker")).toEqual([]);
  expect(JSON.parse(otio(sheet)).tracks.children[0].children[0].markers).toEqual([]);
  expect(parseCsv(csv(sheet).slice(1))).toHaveLength(1);
  expect(avid(sheet)).toBe("");
});

test("names with line breaks, tabs, control characters and markup break no format", () => {
  const nasty = 'Ann\r\n"O\'Hara"\t| <b> ]]> & \u0001\u0085\u2028👍';
  const author = { kind: "guest" as const, id: null, name: nasty };
  const said = [comment({ frame: 0, text: nasty, author }), comment({ frame: 1799, text: "=1", author })];
  const sheet = { ...sheetOf({}, said), assetName: nasty, projectName: nasty, fileName: `${nasty}.mov` };
  const clean = 'Ann "O\'Hara" | <b> ]]> & 👍';

  const { title, events } = parseEdl(edl(sheet));
  expect(title).toBe(`${clean} v2`);
  expect(events.map(({ text }) => text)).toEqual([
    `${clean}: ${clean}`.replaceAll("|", "/"),
    `${clean}: =1`.replaceAll("|", "/"),
  ]);
  const rows = avid(sheet).split("\r\n").slice(0, -1);
  expect(rows.map((row) => row.split("\t").length)).toEqual([6, 6]);
  expect(rows[0]?.split("\t")[0]).toBe(clean);
  const [marker] = findAll(parseXml(fcpxml(sheet)), "marker");
  expect(marker?.attributes).toMatchObject({ value: `${clean}: ${clean}`, note: clean });
  expect(findOne(parseXml(xmeml(sheet)), "sequence", "marker", "name").text).toBe(clean);
  const [item] = findAll(parseXml(xmeml(sheet)), "clipitem");
  expect(item && findOne(item, "name").text).toBe(`${clean}.mov`);
  const clip = JSON.parse(otio(sheet)).tracks.children[0].children[0];
  expect([clip.name, clip.markers[0].name]).toEqual([`${clean}.mov`, clean]);
  const [head = [], row = []] = parseCsv(csv(sheet).slice(1));
  expect(row[head.indexOf("Author")]).toBe(nasty);
});
