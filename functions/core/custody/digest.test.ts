import { expect, test } from "bun:test";
import { openDigest } from "./digest.ts";

async function digests(...chunks: string[]) {
  const digest = await openDigest();
  for (const chunk of chunks) digest.update(Buffer.from(chunk));
  return digest.finish();
}

test("the empty file has the published hashes", async () => {
  expect(await digests()).toEqual({
    sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    xxh128: "99aa06d3014798d86001c324468d497f",
    c4: "c459dsjfscH38cYeXXYogktxf4Cd9ibshE3BHUo6a58hBXmRQdZrAkZzsWcbWtDg5oQstpDuni4Hirj75GEmTc1sFT",
  });
});

test("how the bytes are cut into chunks does not matter", async () => {
  expect(await digests("foo", "", "bar")).toEqual(await digests("foobar"));
});
