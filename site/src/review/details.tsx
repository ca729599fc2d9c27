import { rateLabel } from "#core/timecode/timecode.ts";
import { date, duration, size } from "../ui/words.ts";
import type { Review } from "./review.ts";

export function Details({ review }: { review: Review }) {
  const version = review.version.value;
  const media = review.media();
  const { engine, rungs } = review.preview.value;
  const rows: [string, string | undefined | null][] = [
    ["File", version.name],
    ["Size", size(version.bytes)],
    ["Type", media?.container ? `${media.container} (${version.contentType})` : version.contentType],
    ["Uploaded", `${date(version.createdAt)}${version.createdBy ? ` by ${version.createdBy.name}` : ""}`],
    ["Length", media && media.kind !== "image" ? duration(media.durationSeconds) : undefined],
    ["Frames", media?.frames?.toLocaleString("en-GB")],
    ["Picture", media?.width ? `${media.width} × ${media.height}` : undefined],
    ["Frame rate", media?.rate ? `${rateLabel(review.player.model)} fps` : undefined],
    ["Start timecode", media && media.kind !== "image" ? media.startTimecode : undefined],
    [
      "Video",
      media?.video &&
        [media.video.codec, media.video.profile, media.video.pixelFormat, media.video.hdr?.toUpperCase()]
          .filter(Boolean)
          .join(", "),
    ],
    [
      "Audio",
      media?.audio
        .map((track) => `${track.codec}, ${track.channels} ch${track.language ? `, ${track.language}` : ""}`)
        .join("; "),
    ],
    ["Loudness", media?.loudness && `${media.loudness.integratedLufs.toFixed(1)} LUFS`],
    ["True peak", media?.loudness && `${media.loudness.truePeakDbtp.toFixed(1)} dBTP`],
    ["Preview", rungs.length ? rungs.map(({ name }) => name).join(", ") : undefined],
    ["Encoded on", engine === "gpu" ? "graphics card" : engine === "cpu" ? "processor" : engine],
  ];
  return (
    <section class="panel-page padded" aria-label="Details" tabIndex={0}>
      {review.preview.value.warnings.map((warning) => (
        <p class="notice warn" key={warning}>
          {warning}
        </p>
      ))}
      <dl class="facts">
        {rows
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="numbers">{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}
