import { expect, test } from "bun:test";
import { isAllowed, isDeclaredAllowed } from "./allowed.ts";
import { sniff } from "./sniff.ts";

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))),
  );
const mxfKey = [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02, 0x01, 0x01, 0x02, 0x04, 0];

test("containers are known by their content", () => {
  const cases: [Uint8Array, string][] = [
    [bytes([0, 0, 0, 24], "ftypisom"), "video/mp4"],
    [bytes([0, 0, 0, 20], "ftypqt  "), "video/quicktime"],
    [bytes([0, 0, 0, 20], "ftypM4A "), "audio/mp4"],
    [bytes([0, 0, 0, 20], "ftypheic"), "image/heic"],
    [bytes([0, 0, 0, 8], "wide", [0, 0, 0, 9], "mdat"), "video/quicktime"],
    [bytes([0x1a, 0x45, 0xdf, 0xa3], "....webm"), "video/webm"],
    [bytes([0x1a, 0x45, 0xdf, 0xa3], "....matroska"), "video/x-matroska"],
    [bytes(mxfKey), "application/mxf"],
    [bytes(new Array(4000).fill(0x20), mxfKey), "application/mxf"],
    [bytes("RIFF....WAVE"), "audio/wav"],
    [bytes("RF64....WAVE"), "audio/wav"],
    [bytes("RIFF....AVI "), "video/x-msvideo"],
    [bytes("riff", [0x2e, 0x91, 0xcf, 0x11]), "audio/x-w64"],
    [bytes([0x7f, 0xfe, 0x80, 0x01]), "audio/vnd.dts"],
    [bytes([0, 0, 0, 1, 0x67, 0x64]), "video/h264"],
    [bytes([0, 0, 0, 1, 0x40, 1]), "video/h265"],
    [bytes("fLaC"), "audio/flac"],
    [bytes("ID3"), "audio/mpeg"],
    [bytes([0xff, 0xfb, 0x90, 0x00]), "audio/mpeg"],
    [bytes([0x76, 0x2f, 0x31, 0x01]), "image/x-exr"],
    [bytes("SDPX"), "image/x-dpx"],
    [bytes([0x49, 0x49, 0x2a, 0]), "image/tiff"],
    [bytes([0, 0, 0, 0], "RED2").subarray(0, 8), "video/x-red-r3d"],
  ];
  for (const [content, type] of cases) expect(sniff(content)).toMatchObject({ type });
  const ts = Buffer.alloc(600);
  for (const at of [0, 188, 376]) ts[at] = 0x47;
  expect(sniff(ts)).toMatchObject({ type: "video/mp2t" });
  const cutIn = Buffer.alloc(1000);
  for (const at of [91, 279, 467, 655, 843]) cutIn[at] = 0x47;
  expect(sniff(cutIn)).toMatchObject({ type: "video/mp2t" });
  expect(sniff(cutIn.subarray(0, 843)).kind).toBe("other");
});

test("what only looks like media by name is called what it is", () => {
  const cases: [Uint8Array, RegExp][] = [
    [bytes("hello, world"), /text/],
    [bytes("<!DOCTYPE html><p>"), /web page/],
    [bytes("<svg onload=alert(1)>"), /XML/],
    [bytes("%PDF-1.7"), /PDF/],
    [bytes("MZ\x90"), /program/],
    [bytes([0xff, 0xfe, 0x41, 0, 0x42, 0]), /no video/],
    [bytes([0, 0, 0, 0]), /zero bytes/],
    [new Uint8Array(), /./],
  ];
  for (const [content, words] of cases) {
    const found = sniff(content);
    expect(found.kind).toBe("other");
    expect(found.kind === "other" ? found.what : "").toMatch(words);
  }
});

test("deployment and project must both let a type in; MXF counts as video", () => {
  expect(isAllowed("application/mxf", [], null)).toBe(true);
  expect(isAllowed("application/mxf", ["audio/*"], null)).toBe(false);
  expect(isAllowed("video/mp4", ["video/*"], ["video/quicktime"])).toBe(false);
  expect(isAllowed("video/quicktime", ["video/*"], ["video/quicktime"])).toBe(true);
  expect(isDeclaredAllowed("application/octet-stream", [], null)).toBe(true);
  expect(isDeclaredAllowed("text/html", [], null)).toBe(false);
  expect(isDeclaredAllowed("video/mp4", [], ["video/quicktime"])).toBe(true);
});
