import { writeFile } from "node:fs/promises";
import type { Media } from "#core/assets/asset.ts";
import { BuildFailure, type Claim, type Hashes, type Progress } from "#core/previews/job.ts";
import type { Preview } from "#core/previews/preview.ts";
import { contentKey } from "#core/previews/recipe.ts";
import { buildLadder } from "./build-ladder.ts";
import { copyBuilt } from "./copy-built.ts";
import { deadlineSeconds } from "./limits.ts";
import { openMaster } from "./master.ts";
import { probe } from "./probe.ts";
import { freeBytes, openScratch, type Scratch, ScratchFull } from "./scratch.ts";
import type { Source } from "./source.ts";
import { buildStill } from "./still.ts";
import { openSupply } from "./supply.ts";
import type { Tools } from "./tools.ts";

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
  /** People have something to watch, and the rest takes long: it may be built later. */
  mayWait(): void;
  /** Something went wrong that the preview does without. */
  missed(what: string, cause: unknown): void;
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
  try {
    return await buildOn(scratch, tools, claim, witness, signal);
  } catch (cause) {
    if (signal.aborted || (await freeBytes(scratch.root)) >= LEFT_BYTES) throw cause;
    throw new ScratchFull("the scratch disk is full", { cause });
  }
}

/** With less than this left on the scratch disk, nothing that ends badly is the file's fault. */
const LEFT_BYTES = 1024 * 1024;

async function buildOn(
  scratch: Scratch,
  tools: Tools,
  claim: Claim,
  witness: Witness,
  signal: AbortSignal,
): Promise<Built> {
  const master = await openMaster(tools.storage, claim);
  const copied = await copyBuilt(tools, claim, witness, master, signal);
  if (copied) return copied;
  const supply = await openSupply(master, claim, scratch, signal, tools.fileBytes, (hashes) =>
    witness.hashed(hashes),
  );
  const source = await probe(tools.sandbox, supply.probePath, tools.caps, scratch.work, signal);
  if (source.kind === "image" || source.durationSeconds === null) await supply.download();
  await writeRecipeFiles(scratch, claim);
  using deadline = openDeadline(source, tools.deadlineFactor);
  const within = AbortSignal.any([signal, deadline.signal]);
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

function openDeadline(source: Source, factor: number): Disposable & { signal: AbortSignal } {
  const pixels = (source.picture?.codedWidth ?? 0) * (source.picture?.codedHeight ?? 0);
  const seconds = factor * deadlineSeconds(source.durationSeconds ?? 3600, pixels);
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(
      new BuildFailure(
        "deadline",
        `The preview was not finished after ${Math.ceil(seconds / 60)} minutes, far longer than a file of this length should take. Export it in a common format and upload that.`,
      ),
    );
  }, seconds * 1000);
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}

async function writeRecipeFiles(scratch: Scratch, claim: Claim): Promise<void> {
  if (claim.recipe.watermark !== undefined)
    await writeFile(`${scratch.work}/watermark`, claim.recipe.watermark);
  if (claim.recipe.lut !== undefined) await writeFile(`${scratch.work}/table.cube`, claim.recipe.lut);
}

export type Made = Omit<Built, "contentKey">;
