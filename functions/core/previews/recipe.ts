import { createHash } from "node:crypto";
import { z } from "zod";

/** The short sides a ladder may have, tallest first. Rungs taller than the source are dropped, never upscaled. */
export const ladderHeights = [2160, 1440, 1080, 720, 480, 360] as const;
export const defaultLadder = [1080, 720, 480, 360] as const;

const lutLine =
  /^(?:#.*|TITLE .*|LUT_3D_SIZE \d+|DOMAIN_(?:MIN|MAX)(?: -?[\d.eE+-]+){3}|-?[\d.eE+-]+(?: +-?[\d.eE+-]+){2}|)\s*$/;

/** True when the text is a plain 3D .cube table of 2..65 steps with every row there. */
export function isCube(text: string): boolean {
  const lines = text.split(/\r?\n/).map((line) => line.trim().replace(/[\t ]+/g, " "));
  if (!lines.every((line) => lutLine.test(line))) return false;
  const size = Number(lines.find((line) => line.startsWith("LUT_3D_SIZE "))?.slice(12));
  const rows = lines.filter((line) => /^-?[\d.]/.test(line)).length;
  return size >= 2 && size <= 65 && rows === size ** 3;
}

/** How a preview is made. Everything that changes a byte of the output is in here, and nothing else. */
export const recipeSchema = z
  .strictObject({
    ladder: z
      .array(z.union(ladderHeights.map((height) => z.literal(height))))
      .min(1)
      .max(6)
      .optional()
      .describe("Short sides of the rungs in pixels"),
    watermark: z
      .string()
      .min(1)
      .max(120)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
      .regex(/^[^\u0000-\u001f\u007f]*$/, "must be one line of text")
      .optional()
      .describe("Text burned into the picture"),
    lut: z
      .string()
      .max(8_000_000)
      .refine(isCube, "must be a 3D .cube table of 2 to 65 steps")
      .optional()
      .describe("The text of a .cube table, applied to the picture"),
    loudness: z
      .number()
      .min(-36)
      .max(-9)
      .optional()
      .describe("Normalise the sound to this many LUFS (EBU R128)"),
  })
  .describe("Settings of a preview; an empty object is the standard preview");

export type Recipe = z.infer<typeof recipeSchema>;

/**
 * SHA-256 of the recipe in canonical form: defaults removed, ladder sorted and without repeats, keys in order.
 * Two recipes that make the same bytes have the same hash.
 */
export function recipeHash(recipe: Recipe): string {
  const ladder = [...new Set(recipe.ladder ?? defaultLadder)].sort((a, b) => b - a);
  const isDefault = ladder.join() === defaultLadder.join();
  const canonical = {
    ...(isDefault ? {} : { ladder }),
    ...(recipe.loudness === undefined ? {} : { loudness: recipe.loudness }),
    ...(recipe.lut === undefined ? {} : { lut: createHash("sha256").update(recipe.lut).digest("hex") }),
    ...(recipe.watermark === undefined ? {} : { watermark: recipe.watermark }),
  };
  return createHash("sha256").update(JSON.stringify(canonical)).digest("hex");
}

/**
 * The content address of a preview: what went in, how, and by which tool. The same three are built once.
 * `toolVersion` changes when the pipeline or its ffmpeg makes other bytes.
 */
export function contentKey(masterSha256: string, hashOfRecipe: string, toolVersion: string): string {
  return createHash("sha256").update(`${masterSha256}\n${hashOfRecipe}\n${toolVersion}`).digest("hex");
}
