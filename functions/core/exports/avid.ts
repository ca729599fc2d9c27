import { mergedMarkers, type Sheet } from "./sheet.ts";

/**
 * The marker list of Media Composer: tab-separated user, timecode, track, colour, comment, length.
 * It keeps one marker per frame and track.
 */
export function avid(sheet: Sheet): string {
  return mergedMarkers(sheet)
    .map(({ author, timecode, text, span, isResolved }) =>
      [author, timecode, "V1", isResolved ? "green" : "red", text, span].join("\t"),
    )
    .map((line) => `${line}\r\n`)
    .join("");
}
