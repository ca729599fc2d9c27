import { afterAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openReport } from "./report.ts";
import { verifyByMhl } from "./verify.ts";

const folder = mkdtempSync(join(tmpdir(), "rushes-verify-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const report = openReport({ isJson: false, isQuiet: true });
const verify = (file: string, mhl?: string) =>
  verifyByMhl(report, join(folder, file), mhl && join(folder, mhl));
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

function write(name: string, text: string): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** One generation over a whole folder, with what other programs add: hashes of folders, and where a file lay before. */
function manifest(files: Record<string, string>): string {
  const hashes = Object.entries(files).map(
    ([path, text]) =>
      `<hash><path size="${text.length}">${path}</path><md5 action="original">${md5(text)}</md5>
        <previousPath>before/${path}</previousPath></hash>`,
  );
  return `<?xml version='1.0' encoding='UTF-8'?><hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0"><hashes>
    <directoryhash><path>A</path><content><md5>${md5("")}</md5></content></directoryhash>${hashes.join("")}
  </hashes></hashlist>`;
}

describe("a card whose folders hold files of the same name", () => {
  write("card/A/clip.mov", "first");
  write("card/B/clip.mov", "other");
  write("card/B/Ton e\u0301.wav", "sound");
  write(
    "card/ascmhl/0001_card.mhl",
    manifest({ "A/clip.mov": "first", "B/clip.mov": "other", "B/Ton \u00e9.wav": "sound" }),
  );
  const one = "card/ascmhl/0001_card.mhl";

  test("each file is compared with its own hash", async () => {
    for (const file of ["card/A/clip.mov", "card/B/clip.mov"])
      expect(await verify(file, one)).toMatchObject({ isIntact: true, hashes: { md5: expect.any(String) } });
  });

  test("the content of one in the place of the other is no intact file", async () => {
    write("swapped/B/clip.mov", "first");
    write("swapped/ascmhl/0001_card.mhl", manifest({ "A/clip.mov": "first", "B/clip.mov": "other" }));
    const { isIntact, faults } = await verify("swapped/B/clip.mov", "swapped/ascmhl/0001_card.mhl");
    expect(isIntact).toBe(false);
    expect(faults.join()).toContain("md5 differs");
  });

  test("the history is found above the file, and names in either Unicode form", async () => {
    const { faults } = await verify("card/B/Ton e\u0301.wav");
    expect(faults).toEqual(["ascmhl_chain.xml is missing"]);
  });

  test("a file that lies elsewhere is found by its name, unless several have it", async () => {
    write("elsewhere/clip.mov", "first");
    write("elsewhere/Ton \u00e9.wav", "sound");
    expect((await verify("elsewhere/Ton \u00e9.wav", one)).isIntact).toBe(true);
    const { isIntact, faults } = await verify("elsewhere/clip.mov", one);
    expect(isIntact).toBe(false);
    expect(faults.join()).toContain("lists several files called clip.mov");
  });
});
