import type { Digests } from "./digest.ts";

/** ASC MHL v2.0 (American Society of Cinematographers, Media Hash List): one generation over one file. */
export interface MhlGeneration {
  generation: number;
  /** The file as it lies beside the `ascmhl` folder. */
  fileName: string;
  bytes: number;
  modifiedAt: Date;
  hashes: Pick<Digests, "xxh128" | "c4">;
  /** `original` when first written down, then `verified` or `failed` against the first. */
  action: "original" | "verified" | "failed";
  at: Date;
  hostName: string;
  toolVersion: string;
  author?: { name: string; role: string };
  comment?: string;
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Text for XML 1.0: escaped, and without the characters it cannot carry at all. */
export function xmlText(raw: string): string {
  return (
    raw
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 forbids them, even escaped
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, "")
      .replace(/[&<>"']/g, (char) => entities[char] ?? char)
  );
}

/** xs:dateTime with an explicit offset, as the reference writes it. */
const dateTime = (date: Date) => date.toISOString().replace("Z", "+00:00");

const line = (depth: number, text: string) => `${"  ".repeat(depth)}${text}`;

/** The manifest of one generation as XML. */
export function mhlXml(it: MhlGeneration): string {
  const hash = (name: "xxh128" | "c4") =>
    line(3, `<${name} action="${it.action}" hashdate="${dateTime(it.at)}">${it.hashes[name]}</${name}>`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0">',
    line(1, "<creatorinfo>"),
    line(2, `<creationdate>${dateTime(it.at)}</creationdate>`),
    line(2, `<hostname>${xmlText(it.hostName)}</hostname>`),
    line(2, `<tool version="${xmlText(it.toolVersion)}">Rushes</tool>`),
    ...(it.author
      ? [line(2, `<author role="${xmlText(it.author.role)}">${xmlText(it.author.name)}</author>`)]
      : []),
    ...(it.comment ? [line(2, `<comment>${xmlText(it.comment)}</comment>`)] : []),
    line(1, "</creatorinfo>"),
    line(1, "<processinfo>"),
    line(2, `<process>${it.generation === 1 ? "transfer" : "in-place"}</process>`),
    line(2, "<ignore>"),
    ...[".DS_Store", "ascmhl", "ascmhl/"].map((pattern) => line(3, `<pattern>${pattern}</pattern>`)),
    line(2, "</ignore>"),
    line(1, "</processinfo>"),
    line(1, "<hashes>"),
    line(2, "<hash>"),
    line(
      3,
      `<path size="${it.bytes}" lastmodificationdate="${dateTime(it.modifiedAt)}">${xmlText(it.fileName)}</path>`,
    ),
    hash("c4"),
    hash("xxh128"),
    line(2, "</hash>"),
    line(1, "</hashes>"),
    "</hashlist>",
    "",
  ].join("\n");
}

/** The chain that names every generation with the C4 of its manifest, so that a changed one shows. */
export function chainXml(generations: { generation: number; fileName: string; c4: string }[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<ascmhldirectory xmlns="urn:ASC:MHL:DIRECTORY:v2.0">',
    ...generations.flatMap(({ generation, fileName, c4 }) => [
      line(1, `<hashlist sequencenr="${generation}">`),
      line(2, `<path>${xmlText(fileName)}</path>`),
      line(2, `<c4>${c4}</c4>`),
      line(1, "</hashlist>"),
    ]),
    "</ascmhldirectory>",
    "",
  ].join("\n");
}

/** `0001_<folder>_2026-11-22_083000Z.mhl` */
export function mhlFileName(generation: number, folder: string, at: Date): string {
  const [day = "", clock = ""] = at.toISOString().split("T");
  return `${String(generation).padStart(4, "0")}_${folder}_${day}_${clock.slice(0, 8).replaceAll(":", "")}Z.mhl`;
}

export const CHAIN_FILE = "ascmhl_chain.xml";
