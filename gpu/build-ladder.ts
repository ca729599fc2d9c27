import { BuildFailure, type Claim } from "#core/previews/job.ts";
import { type Preview, previewPrefix } from "#core/previews/preview.ts";
import type { Storage } from "#core/storage/storage.ts";
import type { Made, Witness } from "./build.ts";
import { EncodeError, encode } from "./encode.ts";
import { finishLadder, growingMaster } from "./finish.ts";
import { frameTable } from "./frames.ts";
import { canRemux, type Instant, startInstant } from "./instant.ts";
import type { GrowingStream } from "./ladder-watch.ts";
import { mediaOf } from "./media.ts";
import { type Choices, type Plan, planOf } from "./plan.ts";
import { makePoster } from "./poster.ts";
import { growing, PreviewFolder } from "./publish.ts";
import { emptyOut, type Scratch } from "./scratch.ts";
import { shownSeconds } from "./shown.ts";
import type { Source } from "./source.ts";
import type { Supply } from "./supply.ts";
import type { Tools } from "./tools.ts";
import { StartShift, verify } from "./verify.ts";

/** Tries the best plan first, and a plainer one when that plan, not the file, was the reason. */
export async function buildLadder(
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
    knownLufs: claim.knownLufs,
    maxSoundtracks: tools.caps.soundtracks,
    maxCaptions: tools.caps.subtitles,
  };
  const notes: string[] = [];
  const shown = await shownSeconds(tools.storage, claim);
  await using beside = new Beside();
  for (let attempt = 0; ; attempt++) {
    const plan = planOf(source, choices);
    try {
      const made = await tryPlan({
        tools,
        claim,
        source,
        scratch,
        supply,
        witness,
        signal: AbortSignal.any([signal, beside.over]),
        beside,
        plan,
        attempt,
        shown,
      });
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
  const { errors, killedBy } = cause.result;
  const log = errors.join("\n");
  if (killedBy === "SIGXFSZ") {
    return new BuildFailure(
      "scratch-full",
      "Building the preview writes larger files than one build may. Upload a shorter or smaller export.",
    );
  }
  if (killedBy === "SIGXCPU") {
    return new BuildFailure(
      "deadline",
      "Building the preview took far more work than a file of this length should. Export it in a common format and upload that.",
    );
  }
  // Killed from outside, as by a kernel that is out of memory: not the file's fault until it happens every time.
  if (killedBy) throw cause;
  if (/Cannot allocate memory/i.test(log)) {
    return new BuildFailure(
      "too-large",
      "Decoding the file needs more memory than one build may use. Export it with smaller pictures and upload that.",
    );
  }
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

/** What goes on beside the encoder: a build that ends, either way, leaves nothing that still runs or uploads. */
class Beside {
  readonly #over = new AbortController();
  readonly #work: Promise<unknown>[] = [];
  readonly #folders: PreviewFolder[] = [];
  readonly over = this.#over.signal;

  /** `work` never rejects, and stops when `over` aborts. */
  add(work: Promise<unknown>): void {
    this.#work.push(work);
  }

  open(storage: Storage, prefix: string): PreviewFolder {
    const folder = new PreviewFolder(storage, prefix);
    this.#folders.push(folder);
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await Promise.all([...this.#work, ...this.#folders.map((folder) => folder.close())]);
  }
}

interface Try {
  tools: Tools;
  claim: Claim;
  source: Source;
  scratch: Scratch;
  supply: Supply;
  witness: Witness;
  signal: AbortSignal;
  beside: Beside;
  plan: Plan;
  attempt: number;
  /** Seconds that people can watch of an earlier claim: what shows less is not shown. */
  shown: number;
}

/** So much of the beginning is worth leaving a build for one that shows nothing yet. */
const OPENING_SECONDS = 12;
/** A build that is through sooner is not interrupted. */
const NEARLY_DONE_SECONDS = 10;

async function tryPlan(context: Try): Promise<Made> {
  const { tools, claim, source, scratch, supply, witness, signal, beside, plan, attempt, shown } = context;
  // A second try must not write under names that a cache may hold from the first.
  const first = previewPrefix(claim.versionId, claim.jobId, claim.fence);
  const prefix = attempt === 0 ? first : `${first.slice(0, -1)}.${attempt}/`;
  const folder = beside.open(tools.storage, prefix);
  const started = performance.now();
  const isStreaming = supply.isStreaming();
  let firstPlayable: number | null = null;
  let poster: Promise<string | null> = Promise.resolve(null);
  const base = previewBase(claim, plan, folder.prefix);
  const instant = offerInstant(context, folder, async (master) => {
    if (firstPlayable !== null) throw new Error("the ladder was first");
    firstPlayable = performance.now() - started;
    await folder.put("instant.m3u8", master, growing);
    await witness.playable({
      preview: { ...base, master: "instant.m3u8", instant: "instant.m3u8" },
      media: mediaOf(source, plan),
    });
  });
  const encoded = await encode(tools, {
    source,
    plan,
    input: supply.input(signal),
    scratch,
    folder,
    fontFile: tools.fontFile,
    signal,
    shownSeconds: shown,
    onFirst: async (streams) => {
      refuseLateStart(streams, plan);
      // A missing poster is no reason to fail a preview.
      if (!plan.picture) return;
      poster = makePoster(scratch, streams, folder, signal).catch((cause) => {
        if (!signal.aborted) witness.missed("there is no poster", cause);
        return null;
      });
      beside.add(poster);
    },
    onPlayable: async (streams) => {
      const { text, rungs } = growingMaster(plan, streams);
      // Whoever watches the repacked source can jump anywhere in it; the growing ladder would be a step back.
      const isInstant = firstPlayable !== null;
      firstPlayable ??= performance.now() - started;
      if (!isInstant) await folder.put("master.m3u8", text, growing);
      const shows = isInstant
        ? { master: "instant.m3u8", instant: "instant.m3u8" }
        : { master: "master.m3u8", instant: null };
      await witness.playable({
        preview: { ...base, ...shows, rungs },
        media: mediaOf(source, plan),
      });
    },
    onProgress: ({ frame, outSeconds, speed, playableSeconds }) => {
      const total = plan.durationSeconds;
      // The sheet of the storyboard moves ffmpeg's clock in one leap; frames are counted one by one.
      const rate = plan.picture?.timing.rate;
      const done = Math.max(playableSeconds, rate ? (frame * rate.den) / rate.num : outSeconds);
      const progress = total ? Math.min(0.99, done / total) : 0;
      const etaSeconds = total && speed ? Math.max(0, (total - done) / speed) : null;
      const watchable = Math.max(playableSeconds, instant?.seconds() ?? 0);
      witness.progress({ progress, speed, etaSeconds, playableSeconds: watchable }, plan.engine);
      const isOpen = watchable >= OPENING_SECONDS && (instant?.hasEnded() ?? true);
      if (isOpen && (etaSeconds ?? Number.POSITIVE_INFINITY) > NEARLY_DONE_SECONDS) witness.mayWait();
    },
  });
  const verified = verify(source, plan, encoded);
  await instant?.done;
  const finished = await finishLadder(plan, encoded, scratch, folder);
  const media = mediaOf(source, plan, { ...verified, loudness: encoded.loudness });
  const preview: Preview = {
    ...base,
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

/** Starts repacking a source that browsers play as it is. */
function offerInstant(
  context: Try,
  folder: PreviewFolder,
  onPlayable: (master: string) => Promise<void>,
): Instant | undefined {
  const { tools, claim, source, scratch, supply, witness, signal, beside, attempt, shown } = context;
  const isSeen = claim.isRebuild || shown > (source.durationSeconds ?? 0) - 1;
  if (attempt > 0 || isSeen || !canRemux(source, claim.recipe, claim.master.bytes)) return undefined;
  const input = supply.second(signal);
  const instant = startInstant(tools, {
    source,
    input,
    scratch,
    folder,
    signal,
    shownSeconds: shown,
    onPlayable,
    onFault: (cause) => witness.missed("the repacked source was not offered", cause),
  });
  beside.add(instant.done);
  return instant;
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
