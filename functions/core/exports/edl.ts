import { formatTimecode, startCount } from "../timecode/timecode.ts";
import { mergedMarkers, type Sheet, titleOf } from "./sheet.ts";

/**
 * CMX3600 with the marker comments of DaVinci Resolve: one event of one frame per marker, under it
 * ` |C:colour |M:text |D:frames`. Resolve drops all but one marker of a frame, so they are merged.
 */
export function edl(sheet: Sheet): string {
  const { model } = sheet;
  const start = startCount(model);
  const lines = [`TITLE: ${titleOf(sheet)}`, `FCM: ${model.dropFrame ? "DROP FRAME" : "NON-DROP FRAME"}`, ""];
  for (const [index, marker] of mergedMarkers(sheet).entries()) {
    const number = String(index + 1).padStart(3, "0");
    const from = formatTimecode(start + marker.at, model);
    const to = formatTimecode(start + marker.at + 1, model);
    const color = marker.isResolved ? "ResolveColorGreen" : "ResolveColorBlue";
    lines.push(
      `${number}  001      V     C        ${from} ${to} ${from} ${to}  `,
      ` |C:${color} |M:${marker.text.replaceAll("|", "/")} |D:${marker.span}`,
      "",
    );
  }
  return `${lines.join("\r\n")}\r\n`;
}
