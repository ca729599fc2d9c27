import { startCount } from "../timecode/timecode.ts";
import { lengthOf, mergedMarkers, type Sheet, titleOf, xmlText } from "./sheet.ts";

/**
 * FCPXML 1.9 for Final Cut Pro and Resolve: the clip as a sequence, comments as to-do markers that are completed
 * when resolved. Every time is a whole number of frame durations, as the format demands.
 */
export function fcpxml(sheet: Sheet): string {
  const { model } = sheet;
  const { num, den } = model.rate;
  const time = (frames: number) => (frames === 0 ? "0s" : fraction(frames * den, num));
  const start = time(startCount(model));
  const duration = time(lengthOf(sheet));
  const format = model.dropFrame ? "DF" : "NDF";
  const title = xmlText(titleOf(sheet));
  const name = xmlText(sheet.fileName);
  const markers = mergedMarkers(sheet).map(
    ({ at, span, text, author, isResolved }) =>
      `              <marker start="${time(startCount(model) + at)}" duration="${time(span)}" value="${xmlText(text)}" completed="${isResolved ? 1 : 0}" note="${xmlText(author)}"/>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE fcpxml>
<fcpxml version="1.9">
  <resources>
    <format id="r1" frameDuration="${fraction(den, num)}" width="${sheet.width}" height="${sheet.height}"/>
    <asset id="r2" name="${name}" start="${start}" duration="${duration}" hasVideo="1" format="r1">
      <media-rep kind="original-media" src="file:///${encodeURIComponent(sheet.fileName)}"/>
    </asset>
  </resources>
  <library>
    <event name="${xmlText(sheet.projectName)}">
      <project name="${title}">
        <sequence format="r1" duration="${duration}" tcStart="${start}" tcFormat="${format}">
          <spine>
            <asset-clip ref="r2" name="${name}" offset="${start}" start="${start}" duration="${duration}" tcFormat="${format}">
${markers.join("\n")}${markers.length ? "\n" : ""}            </asset-clip>
          </spine>
        </sequence>
      </project>
    </event>
  </library>
</fcpxml>
`;
}

/** `1001/30000s`, reduced where it stays a multiple of the frame duration anyway. */
function fraction(numerator: number, denominator: number): string {
  const divisor = gcd(numerator, denominator);
  const [top, bottom] = [numerator / divisor, denominator / divisor];
  return bottom === 1 ? `${top}s` : `${top}/${bottom}s`;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
