import { z } from "zod";

/** ffprobe writes numbers as text, and leaves out what it does not know. */
const numeric = z
  .union([z.string(), z.number()])
  .optional()
  .transform((value) => {
    const number = Number(value ?? Number.NaN);
    return Number.isFinite(number) ? number : null;
  });
const ratio = z
  .string()
  .optional()
  .transform((text) => {
    const [a, b] = (text ?? "").split(/[/:]/).map(Number);
    return a && b && a > 0 && b > 0 && Number.isSafeInteger(a) && Number.isSafeInteger(b)
      ? { num: a, den: b }
      : null;
  });
const tags = z
  .record(z.string(), z.string())
  .default({})
  .transform((all) =>
    Object.fromEntries(Object.entries(all).map(([key, value]) => [key.toLowerCase(), value])),
  );

export const probedStream = z.object({
  index: z.number().int(),
  codec_type: z.string().default("unknown"),
  codec_name: z.string().default("unknown"),
  codec_tag_string: z.string().optional(),
  profile: z.string().optional(),
  level: numeric,
  width: z.number().int().default(0),
  height: z.number().int().default(0),
  pix_fmt: z.string().optional(),
  bits_per_raw_sample: numeric,
  sample_aspect_ratio: ratio,
  field_order: z.string().optional(),
  color_range: z.string().optional(),
  color_space: z.string().optional(),
  color_transfer: z.string().optional(),
  color_primaries: z.string().optional(),
  r_frame_rate: ratio,
  avg_frame_rate: ratio,
  time_base: ratio,
  start_time: numeric,
  duration: numeric,
  nb_frames: numeric,
  bit_rate: numeric,
  has_b_frames: z.number().int().default(0),
  sample_rate: numeric,
  channels: z.number().int().default(0),
  channel_layout: z.string().optional(),
  disposition: z.record(z.string(), z.number()).default({}),
  side_data_list: z
    .array(
      z.looseObject({
        side_data_type: z.string().default(""),
        rotation: z.number().optional(),
        /** Three rows of three numbers, each row with its number in front. */
        displaymatrix: z.string().optional(),
        dv_profile: z.number().optional(),
      }),
    )
    .default([]),
  tags,
});
export type ProbedStream = z.infer<typeof probedStream>;

export const probed = z.object({
  packets: z
    .array(
      z.object({
        stream_index: z.number().int(),
        flags: z.string().default(""),
        pts_time: numeric,
        side_data_list: z.array(z.looseObject({ side_data_type: z.string().default("") })).default([]),
      }),
    )
    .default([]),
  streams: z.array(probedStream).default([]),
  format: z.object({
    format_name: z.string(),
    nb_streams: z.number().int().default(0),
    duration: numeric,
    start_time: numeric,
    bit_rate: numeric,
    tags,
  }),
});
export type Probed = z.infer<typeof probed>;
