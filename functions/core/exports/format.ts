import { z } from "zod";
import { id } from "../shape.ts";

export const exportFormats = ["csv", "edl", "fcpxml", "xmeml", "otio", "avid", "pdf", "json"] as const;

export const exportQuery = z.object({
  versionId: id("version"),
  format: z.enum(exportFormats),
  /** Only open or only resolved threads. */
  state: z.enum(["open", "resolved"]).optional(),
});
