import { formatTimecode, nominalRate, startCount } from "../timecode/timecode.ts";
import { lengthOf, mergedMarkers, type Sheet, titleOf, xmlText } from "./sheet.ts";

/** FCP 7's XML interchange (xmeml 4), which Premiere reads: a sequence with the clip and its markers. */
export function xmeml(sheet: Sheet): string {
  const { model } = sheet;
  const isNtsc = model.rate.den === 1001;
  const rate = `<rate><timebase>${nominalRate(model.rate)}</timebase><ntsc>${isNtsc ? "TRUE" : "FALSE"}</ntsc></rate>`;
  const length = lengthOf(sheet);
  const name = xmlText(sheet.fileName);
  const timecode = `<timecode>${rate}<string>${formatTimecode(startCount(model), model)}</string><frame>${startCount(model)}</frame><displayformat>${model.dropFrame ? "DF" : "NDF"}</displayformat></timecode>`;
  const size = `<samplecharacteristics>${rate}<width>${sheet.width}</width><height>${sheet.height}</height></samplecharacteristics>`;
  const markers = mergedMarkers(sheet).map(
    ({ at, span, text, author }) =>
      `    <marker><name>${xmlText(author)}</name><comment>${xmlText(text)}</comment><in>${at}</in><out>${span > 1 ? at + span : -1}</out></marker>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE xmeml>
<xmeml version="4">
  <sequence id="${sheet.versionId}">
    <name>${xmlText(titleOf(sheet))}</name>
    <duration>${length}</duration>
    ${rate}
    ${timecode}
    <media>
      <video>
        <format>${size}</format>
        <track>
          <clipitem id="clip-1">
            <name>${name}</name>
            <duration>${length}</duration>
            ${rate}
            <start>0</start>
            <end>${length}</end>
            <in>0</in>
            <out>${length}</out>
            <file id="file-1">
              <name>${name}</name>
              <pathurl>file://localhost/${encodeURIComponent(sheet.fileName)}</pathurl>
              <duration>${length}</duration>
              ${rate}
              ${timecode}
              <media><video>${size}</video></media>
            </file>
          </clipitem>
        </track>
      </video>
    </media>
${markers.join("\n")}${markers.length ? "\n" : ""}  </sequence>
</xmeml>
`;
}
