import { growing, patterned, putPreview } from "./previews.ts";

const playlist = { type: "application/vnd.apple.mpegurl" };
const segment = { type: "video/iso.segment" };

/** A stream as the worker leaves it: names and metadata are real, the media bytes are not decoded by anyone here. */
export async function putStream(
  versionId: string,
  folder: string,
  { rungs = 2, segments = 6, isGrowing = false, segmentBytes = 50_000 } = {},
): Promise<void> {
  const at = (name: string) => `${folder}/${name}`;
  const puts: Promise<void>[] = [];
  const master = ["#EXTM3U", "#EXT-X-VERSION:7"];
  for (let rung = 0; rung < rungs; rung++) {
    master.push(`#EXT-X-STREAM-INF:BANDWIDTH=${(rung + 1) * 1_000_000}`, `v${rung}.m3u8`);
    const media = [
      "#EXTM3U",
      "#EXT-X-VERSION:7",
      "#EXT-X-TARGETDURATION:4",
      `#EXT-X-MAP:URI="init_v${rung}.mp4"`,
    ];
    puts.push(putPreview(versionId, at(`init_v${rung}.mp4`), patterned(800), { type: "video/mp4" }));
    for (let number = 0; number < segments; number++) {
      const name = `v${rung}_${String(number).padStart(5, "0")}.m4s`;
      media.push("#EXTINF:4,", name);
      puts.push(putPreview(versionId, at(name), patterned(segmentBytes), segment));
    }
    if (!isGrowing) media.push("#EXT-X-ENDLIST");
    const keep = isGrowing ? { ...playlist, cacheControl: growing } : playlist;
    puts.push(putPreview(versionId, at(`v${rung}.m3u8`), `${media.join("\n")}\n`, keep));
  }
  puts.push(putPreview(versionId, at("master.m3u8"), `${master.join("\n")}\n`, playlist));
  puts.push(putPreview(versionId, at("poster.jpg"), patterned(9_000), { type: "image/jpeg" }));
  puts.push(putPreview(versionId, at("peaks.json"), "{}", { type: "application/json" }));
  puts.push(putPreview(versionId, at("storyboard.vtt"), "WEBVTT\n", { type: "text/vtt" }));
  await Promise.all(puts);
}
