import { describe, expect, test } from "bun:test";
import { parsePdf } from "#tests/support/parsers.ts";
import { comment, sheetOf } from "#tests/support/sheets.ts";
import type { Comment } from "../comments/comment.ts";
import { droidFonts } from "../config.ts";
import { pdf } from "./pdf.ts";
import type { Still } from "./stills.ts";

describe("PDF", () => {
  // The head of a JPEG of 64 x 18 pixels in three colours: printing copies it as it is.
  const head = [0xffd8, 0xffc0, 17, 0x0800, 0x1200, 0x4003, 0x0111, 0x0002, 0x1101, 0x0311, 0x01ff, 0xd900];
  const sheetJpeg = Buffer.from(head.flatMap((word) => [word >> 8, word & 0xff]));
  const still = async (frame: number): Promise<Still> => ({
    sheet: sheetJpeg,
    tile: { x: frame === 0 ? 0 : 32, y: 0, width: 32, height: 18 },
  });

  test("prints every comment with timecode, author and reply; a sheet of stills is in it once", async () => {
    const file = await pdf(sheetOf(), still, []);
    const { pages, images } = parsePdf(file);
    const words = pages.join("\n");
    for (const expected of [
      "Summer <Spot> v2",
      "01:00:59;29",
      "frame 1799",
      "01:00:59;29 – 01:01:01;22",
      "Бен",
      "Too dark, ",
      "Mended & graded",
      "Resolved by Ana",
      "Sky",
      "1 / ",
    ])
      expect(words.replaceAll("\n", "")).toContain(expected.replaceAll("\n", ""));
    expect(images).toBe(1);
    const again = await pdf(sheetOf(), still, []);
    expect(again.equals(file)).toBe(true);
  });

  test("says where it lacks a letter, and only then", async () => {
    const print = async (text: string, drawing: Comment["drawing"] = null) => {
      const { pages } = parsePdf(
        await pdf(sheetOf({}, [comment({ frame: 0, text, drawing })]), async () => null, []),
      );
      return pages.join("").replaceAll("\n", "");
    };
    const note = "□ stands for a character this print has no letter for";
    const lacking = await print("日本語 or 𠮷́ done");
    expect(lacking).toContain("□□□ or □ done");
    expect(lacking).toContain(note);
    expect(await print("Все готово ✓")).not.toContain("□");
    expect(await print("one\r\ntwo\tthree\u0007four")).toContain("onetwo three four");
    const drawn = await print("Drawn", {
      shapes: [{ tool: "text", color: "#ffffff", width: 0.01, points: [[0.1, 0.1]], text: "暗い" }],
    });
    expect([drawn.includes("□□"), drawn.includes(note)]).toEqual([true, true]);
  });

  test("runs over as many pages as it takes and numbers them", async () => {
    const many = Array.from({ length: 40 }, (_, frame) =>
      comment({ frame, text: "A long remark. ".repeat(frame % 7 === 0 ? 200 : 3) }),
    );
    const { pages } = parsePdf(await pdf(sheetOf({}, many), async () => null, []));
    expect(pages.length).toBeGreaterThan(8);
    for (const [index, words] of pages.entries())
      expect(words.replaceAll("\n", "")).toContain(`${index + 1} / ${pages.length}`);
  });

  const said = async (text: string, fonts: readonly string[] = droidFonts) => {
    const { pages, glyphs } = parsePdf(
      await pdf(sheetOf({}, [comment({ frame: 0, text })]), async () => null, fonts),
    );
    return { words: pages.join(""), glyphs };
  };

  test.each([
    ["这个镜头太暗了，请调亮。", "DroidSansFallback"],
    ["このカットはちょっと長い。", "DroidSansFallback"],
    ["이 장면은 너무 어둡습니다", "DroidSansFallback"],
    ["㐀", "DroidSansFallback"],
    ["👍🎬", "NotoEmoji-Regular"],
    ["👨‍👩‍👧", "NotoEmoji-Regular"],
    ["ฉากนี้มืดเกินไป", "NotoSansThai-Regular"],
    ["यह शॉट बहुत गहरा है", "NotoSansDevanagari-Regular"],
    ["Θέλω πιο αργά", "DejaVuSans"],
    ["Все готово", "DejaVuSans"],
  ])("prints %s with letters that can be seen", async (text, font) => {
    const { words, glyphs } = await said(text);
    expect(words).not.toContain("□");
    const shown = glyphs.filter(
      (glyph) => /\S/.test(glyph.text) && [...text].some((one) => glyph.text.includes(one)),
    );
    const letters = new Set(shown.flatMap((glyph) => [...glyph.text]));
    expect([...text].filter((one) => /\p{L}|\p{So}/u.test(one) && !letters.has(one))).toEqual([]);
    expect(shown.some((glyph) => glyph.font === font)).toBe(true);
    expect(shown.filter(({ isBlank }) => isBlank)).toEqual([]);
  });

  test("sets what runs right to left from right to left, numbers and Latin within it as they are", async () => {
    const { words } = await said("שלום (תודה) של Resolve ב 12:34");
    expect(words.replaceAll("\n", "")).toContain("12:34 ב Resolve לש (הדות) םולש");
    // Lam and alef are one glyph, whose two letters stand in the order they are read.
    const { words: arabic } = await said("مرحبا، أهلا");
    expect(arabic.replaceAll("\n", "")).toContain("لاهأ ،ابحرم");
  });

  test("keeps the page's number beside a title that runs right to left", async () => {
    const sheet = { ...sheetOf({}, []), assetName: "שלום" };
    const { pages } = parsePdf(await pdf(sheet, async () => null, []));
    expect(pages.join("").replaceAll("\n", "")).toContain("v2 םולש · 1 / 1");
  });

  test("breaks lines of scripts that have no spaces, and none before its closing mark", async () => {
    const { words } = await said("这个镜头太暗了，请调亮一点。".repeat(12));
    const lines = words.split("\n").filter((line) => /\p{sc=Han}/u.test(line));
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.filter((line) => /^[，。]/.test(line))).toEqual([]);
    expect(lines.join("")).toBe("这个镜头太暗了，请调亮一点。".repeat(12));
    const thai = (await said("ฉากนี้มืดเกินไปครับ".repeat(12))).words.split("\n");
    expect(thai.filter((line) => /\p{sc=Thai}/u.test(line)).length).toBeGreaterThan(3);
  });
});
