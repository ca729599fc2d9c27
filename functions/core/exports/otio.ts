import { startCount } from "../timecode/timecode.ts";
import { lengthOf, lineOf, markersOf, oneLine, type Sheet, titleOf } from "./sheet.ts";

/** OpenTimelineIO: one clip with a `Marker.2` per thread, in the clip's own time. Several may share a frame. */
export function otio(sheet: Sheet): string {
  const { model } = sheet;
  const rate = model.rate.num / model.rate.den;
  const time = (value: number) => ({ OTIO_SCHEMA: "RationalTime.1", rate, value });
  const range = (start: number, duration: number) => ({
    OTIO_SCHEMA: "TimeRange.1",
    start_time: time(start),
    duration: time(duration),
  });
  const start = startCount(model);
  const whole = range(start, lengthOf(sheet));
  const markers = markersOf(sheet).map((marker, index) => {
    const thread = sheet.threads[index];
    return {
      OTIO_SCHEMA: "Marker.2",
      name: marker.author,
      color: marker.isResolved ? "GREEN" : "RED",
      comment: thread ? lineOf(thread) : marker.text,
      marked_range: range(start + marker.at, marker.span),
      metadata: {
        rushes: {
          commentId: thread?.comment.id,
          frame: thread?.comment.frame,
          endFrame: thread?.comment.endFrame ?? null,
          resolved: marker.isResolved,
        },
      },
    };
  });
  const name = oneLine(sheet.fileName);
  return `${JSON.stringify(
    {
      OTIO_SCHEMA: "Timeline.1",
      name: titleOf(sheet),
      global_start_time: time(start),
      metadata: { rushes: { versionId: sheet.versionId } },
      tracks: {
        OTIO_SCHEMA: "Stack.1",
        name: "tracks",
        source_range: null,
        effects: [],
        markers: [],
        enabled: true,
        metadata: {},
        children: [
          {
            OTIO_SCHEMA: "Track.1",
            name: "V1",
            kind: "Video",
            source_range: null,
            effects: [],
            markers: [],
            enabled: true,
            metadata: {},
            children: [
              {
                OTIO_SCHEMA: "Clip.2",
                name,
                source_range: whole,
                effects: [],
                markers,
                enabled: true,
                metadata: {},
                active_media_reference_key: "DEFAULT_MEDIA",
                media_references: {
                  DEFAULT_MEDIA: {
                    OTIO_SCHEMA: "ExternalReference.1",
                    name,
                    target_url: encodeURIComponent(sheet.fileName),
                    available_range: whole,
                    available_image_bounds: null,
                    metadata: {},
                  },
                },
              },
            ],
          },
        ],
      },
    },
    null,
    2,
  )}\n`;
}
