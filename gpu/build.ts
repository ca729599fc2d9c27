import { writeFile } from "node:fs/promises";
import type { Media } from "#core/assets/asset.ts";
import { BuildFailure, type Claim, type Hashes, type Progress } from "#core/previews/job.ts";
import { type Preview, previewPrefix } from "#core/previews/preview.ts";
import { contentKey } from "#core/previews/recipe.ts";
import { copyBuilt } from "./copy-built.ts";
import { EncodeError, encode } from "./encode.ts";
import { finishLadder, growingMaster } from "./finish.ts";
import { frameTable } from "./frames.ts";
import type { GrowingStream } from "./ladder-watch.ts";
import { deadlineSeconds } from "./limits.ts";
import { openMaster } from "./master.ts";
import { mediaOf } from "./media.ts";
import { type Choices, type Plan, planOf } from "./plan.ts";
import { makePoster } from "./poster.ts";
import { probe } from "./probe.ts";
import { growing, PreviewFolder } from "./publish.ts";
import { emptyOut, openScratch, type Scratch } from "./scratch.ts";
import type { Source } from "./source.ts";
import { buildStill } from "./still.ts";
import { openSupply, type Supply } from "./supply.ts";
import type { Tools } from "./tools.ts";
import { StartShift, verify } from "./verify.ts";

export interface Built {
  preview: Preview;
  media: Media;
  contentKey: string;
  result: Record<string, unknown>;
}

/** What a build tells while it runs. Each answers or throws when the job is no longer ours. */
export interface Witness {
  hashed(hashes: Hashes): Promise<void>;
  /** A finished preview of the same content, if there is one. */
  built(contentKey: string): Promise<{ preview: Preview; media: Media } | null>;
  playable(shown: { preview: Preview; media: Media }): Promise<void>;
  progress(progress: Progress, engine: string): void;
}

/**
 * Builds one claimed preview: probe, plan, argv, run, publish, verify. Throws `BuildFailure` when the file is the
 * reason, anything else when we are. Scratch is gone afterwards either way.
 */
export async function build(
  tools: Tools,
  claim: Claim,
  witness: Witness,
  signal: AbortSignal,
): Promise<Built> {
  await using scratch = await openScratch(tools.scratchBase, `${claim.jobId}.${claim.fence}`);
  const master = await openMaster(tools.storage, claim);
  const copied = await copyBuilt(tools, claim, witness, master, signal);
  if (copied) return copied;
  const supply = await openSupply(master, claim, scratch, signal, tools.fileBytes, (hashes) =>
    witness.hashed(hashes),
  );
  const source = await probe(tools.sandbox, supply.probePath, tools.caps, scratch.work, signal);
  if (source.kind === "image" || source.durationSeconds === null) await supply.download();
  await writeRecipeFiles(scratch, claim);
  const deadline = deadlineOf(source);
  const within = AbortSignal.any([signal, deadline]);
  const made =
    source.kind === "image"
      ? await buildStill(tools, claim, source, scratch, within)
      : await buildLadder(tools, claim, source, scratch, supply, witness, within);
  const hashes = await supply.hashes();
  return {
    ...made,
    contentKey: contentKey(hashes.sha256, claim.recipeHash, tools.toolVersion),
  };
}

function deadlineOf(source: Source): AbortSignal {
  const pixels = (source.picture?.codedWidth ?? 0) * (source.picture?.codedHeight ?? 0);
  const seconds = deadlineSeconds(source.durationSeconds ?? 3600, pixels);
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(
      new BuildFailure(
        "deadline",
        `The preview was not finished after ${Math.round(seconds / 60)} minutes, far longer than a file of this length should take. Export it in a common format and upload that.`,
      ),
    );
  }, seconds * 1000);
  timer.unref();
  return controller.signal;
}

async function writeRecipeFiles(scratch: Scratch, claim: Claim): Promise<void> {
  if (claim.recipe.watermark !== undefined)
    await writeFile(`${scratch.work}/watermark`, claim.recipe.watermark);
  if (claim.recipe.lut !== undefined) await writeFile(`${scratch.work}/table.cube`, claim.recipe.lut);
}

type Made = Omit<Built, "contentKey">;

/** Tries the best plan first, and a plainer one when that plan, not the file, was the reason. */
async function buildLadder(
  tools: Tools,
  claim: Claim,
  source: Source,
  scratch: Scratch,
  supply: Supply,
  witness: Witness,
  signal: AbortSignal,
): Promise<Made> {
  let choices: Choices = {
    recipe: claim.recipe,
    device: tools.device.offers(),
    maxSoundtracks: tools.caps.soundtracks,
    maxCaptions: tools.caps.subtitles,
  };
  const notes: string[] = [];
  for (let attempt = 0; ; attempt++) {
    const plan = planOf(source, choices);
    try {
      const made = await tryPlan({ tools, claim, source, scratch, supply, witness, signal, plan, attempt });
      made.preview.warnings.unshift(...notes);
      return made;
    } catch (cause) {
      // What a pipe cannot give may still be in the file.
      const isPiped = cause instanceof EncodeError && supply.isStreaming() && !signal.aborted;
      if (isPiped) await supply.download();
      const next = isPiped ? choices : attempt < 3 ? plainer(choices, plan, cause) : undefined;
      if (!next || signal.aborted) throw cause instanceof EncodeError ? asFailure(cause) : cause;
      if (plan.engine !== "cpu" && !next.device.encode) {
        tools.device.doubt(String(cause));
        notes.push("The GPU could not build this preview; the CPU did.");
      }
      choices = next;
      await emptyOut(scratch);
    }
  }
}

/** What to try after a plan failed. Undefined: nothing else is left. */
function plainer(choices: Choices, plan: Plan, cause: unknown): Choices | undefined {
  if (cause instanceof StartShift) {
    return choices.extraShiftSeconds === undefined
      ? { ...choices, extraShiftSeconds: cause.seconds }
      : undefined;
  }
  if (!(cause instanceof EncodeError)) return undefined;
  if (choices.device.decode && plan.picture?.decode === "cuda") {
    return { ...choices, device: { ...choices.device, decode: false } };
  }
  if (plan.engine !== "cpu") return { ...choices, device: { encode: false, decode: false } };
  if (!choices.forceEven && plan.picture) return { ...choices, forceEven: true };
  return undefined;
}

function asFailure(cause: EncodeError): BuildFailure {
  const log = cause.result.errors.join("\n");
  if (/No space left/i.test(log)) throw cause;
  if (/Decoder .* not found|Unsupported codec|could not find codec|no decoder/i.test(log)) {
    return new BuildFailure(
      "codec-not-supported",
      "The file is encoded in a way this worker cannot decode. Export it as H.264, HEVC, ProRes or DNxHR and upload that.",
    );
  }
  return new BuildFailure(
    "damaged",
    "The file could not be decoded to the end: its content is damaged or not what its headers say. Check that it plays on your machine, export it again and upload that.",
  );
}

interface Try {
  tools: Tools;
  claim: Claim;
  source: Source;
  scratch: Scratch;
  supply: Supply;
  witness: Witness;
  signal: AbortSignal;
  plan: Plan;
  attempt: number;
}

async function tryPlan(context: Try): Promise<Made> {
  const { tools, claim, source, scratch, supply, witness, signal, plan, attempt } = context;
  // A second try must not write under names that a cache may hold from the first.
  const base = previewPrefix(claim.versionId, claim.jobId, claim.fence);
  const prefix = attempt === 0 ? base : `${base.slice(0, -1)}.${attempt}/`;
  const folder = new PreviewFolder(tools.storage, prefix);
  const started = performance.now();
  const isStreaming = supply.isStreaming();
  let firstPlayable: number | null = null;
  let poster: Promise<string | null> = Promise.resolve(null);
  const encoded = await encode(tools, {
    source,
    plan,
    input: supply.input(signal),
    scratch,
    folder,
    fontFile: tools.fontFile,
    signal,
    onPlayable: async (streams) => {
      firstPlayable = performance.now() - started;
      refuseLateStart(streams, plan);
      poster = makePoster(scratch, streams, folder, signal);
      const { text, rungs } = growingMaster(plan, streams);
      await folder.put("master.m3u8", text, growing);
      await witness.playable({
        preview: { ...previewBase(claim, plan, prefix), master: "master.m3u8", rungs, complete: false },
        media: mediaOf(source, plan),
      });
    },
    onProgress: ({ outSeconds, speed, playableSeconds }) => {
      const total = plan.durationSeconds;
      const progress = total ? Math.min(0.99, outSeconds / total) : 0;
      const etaSeconds = total && speed ? Math.max(0, (total - outSeconds) / speed) : null;
      witness.progress({ progress, speed, etaSeconds, playableSeconds }, plan.engine);
    },
  });
  const verified = verify(source, plan, encoded);
  const finished = await finishLadder(plan, encoded, scratch, folder);
  const media = mediaOf(source, plan, { ...verified, loudness: encoded.loudness });
  const preview: Preview = {
    ...previewBase(claim, plan, prefix),
    ...finished,
    poster: await poster,
    warnings: [...plan.warnings, ...verified.warnings],
    complete: true,
  };
  const seconds = (performance.now() - started) / 1000;
  return {
    preview,
    media,
    result: {
      engine: plan.engine,
      streamed: isStreaming,
      encodeSeconds: Math.round(seconds * 100) / 100,
      firstPlayableMs: firstPlayable === null ? null : Math.round(firstPlayable),
      bytes: folder.bytes,
      errors: encoded.result.errors.slice(0, 5),
      attempt,
      toolVersion: tools.toolVersion,
    },
  };
}

/** The first frame lies at zero, or the plan's idea of the start was wrong and the next try knows better. */
function refuseLateStart(streams: GrowingStream[], plan: Plan): void {
  const first = streams.find((stream) => stream.isPicture);
  if (!first?.track || !plan.picture) return;
  const { firstSeconds } = frameTable(first.times, first.track.timescale, plan.picture.timing.rate);
  if (firstSeconds > 0.001) throw new StartShift(firstSeconds);
}

function previewBase(claim: Claim, plan: Plan, prefix: string): Preview {
  return {
    jobId: claim.jobId,
    prefix,
    kind: plan.picture ? "video" : "audio",
    master: null,
    poster: null,
    storyboard: null,
    peaks: null,
    image: null,
    rungs: [],
    audio: [],
    subtitles: [],
    instant: null,
    engine: plan.engine,
    warnings: plan.warnings,
    recipeHash: claim.recipeHash,
    complete: false,
  };
}
