/** One file as a manifest lists it, with every hash it gives. */
export interface MhlEntry {
  path: string;
  bytes: number | undefined;
  hashes: { format: string; value: string; action: string | undefined }[];
}

export class NotMhl extends Error {
  override name = "NotMhl";
}

const formats = ["md5", "sha1", "c4", "xxh64", "xxh3", "xxh128"] as const;

const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const plain = (text: string) =>
  text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (all, name: string) => {
    if (/^#x/i.test(name)) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    return named[name] ?? all;
  });

const attribute = (attributes: string, name: string) =>
  new RegExp(`\\b${name}\\s*=\\s*"([^"]*)"`).exec(attributes)?.[1];

/** The files of an ASC MHL v2.0 manifest, whoever wrote it. Throws `NotMhl` for anything else. */
export function readMhl(xml: string): MhlEntry[] {
  const text = withoutComments(xml);
  if (!/<hashlist\b[^>]*\bversion="2\.0"[^>]*>/.test(text) || !text.includes("urn:ASC:MHL:v2.0"))
    throw new NotMhl("this is not an ASC MHL v2.0 manifest");
  return [...text.matchAll(/<hash>([\s\S]*?)<\/hash>/g)].map(([, body = ""]) => {
    const path = /<path\b([^>]*)>([\s\S]*?)<\/path>/.exec(body);
    if (!path) throw new NotMhl("a hash without a path");
    const size = attribute(path[1] ?? "", "size");
    return {
      path: plain(path[2] ?? ""),
      bytes: size === undefined ? undefined : Number(size),
      hashes: formats.flatMap((format) =>
        [...body.matchAll(new RegExp(`<${format}\\b([^>]*)>\\s*([^<]+?)\\s*</${format}>`, "g"))].map(
          ([, attributes = "", value = ""]) => ({
            format,
            value: plain(value),
            action: attribute(attributes, "action"),
          }),
        ),
      ),
    };
  });
}

/** The manifests that a chain names, in order, each with the C4 of its file. */
export function readChain(xml: string): { sequence: number; path: string; c4: string }[] {
  const text = withoutComments(xml);
  if (!text.includes("urn:ASC:MHL:DIRECTORY:v2.0")) throw new NotMhl("this is not an ASC MHL chain");
  return [...text.matchAll(/<hashlist\b([^>]*)>([\s\S]*?)<\/hashlist>/g)].map(
    ([, attributes = "", body = ""]) => ({
      sequence: Number(attribute(attributes, "sequencenr")),
      path: plain(/<path\b[^>]*>([\s\S]*?)<\/path>/.exec(body)?.[1] ?? ""),
      c4: (/<c4\b[^>]*>\s*([^<]+?)\s*<\/c4>/.exec(body)?.[1] ?? "").trim(),
    }),
  );
}

const withoutComments = (xml: string) => xml.replace(/<!--[\s\S]*?-->/g, "");
