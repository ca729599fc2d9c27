import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { audit } from "../audit/append.ts";
import { type Actor, system } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { inTransaction } from "../db/db.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { putObject } from "../storage/prefix.ts";
import { headObject, readRange } from "../storage/read.ts";
import { c4Of, type Digests } from "./digest.ts";
import { CHAIN_FILE, chainXml, mhlFileName, mhlXml } from "./mhl.ts";
import { safeFileName } from "./safe-name.ts";
import { findMaster, type Generation, generationsOf, insertGeneration, type Master } from "./store.ts";

type Deps = Pick<Resources, "sql" | "promoter">;

const TOOL_VERSION = "1.0";
const folderOf = (versionId: string) => `custody/${versionId}/ascmhl`;

/**
 * Writes the next ASC MHL generation of a master to the docs bucket and into the chain. `digests` are what a full read
 * found; generation 1 takes them as the original, later ones say whether they still are the same.
 */
export async function writeGeneration(
  deps: Deps,
  master: Master,
  digests: Pick<Digests, "xxh128" | "c4">,
  at = new Date(),
): Promise<Generation> {
  const earlier = await generationsOf(deps.sql, master.id);
  const generation = (earlier.at(-1)?.generation ?? 0) + 1;
  const isSame = digests.c4 === master.c4 && digests.xxh128 === master.xxh128;
  const action = generation === 1 ? "original" : isSame ? "verified" : "failed";
  const xml = mhlXml({
    generation,
    fileName: safeFileName(master.name),
    bytes: master.bytes,
    modifiedAt: master.createdAt,
    hashes: digests,
    action,
    at,
    hostName: hostname(),
    toolVersion: TOOL_VERSION,
    comment: `Rushes version ${master.id}, storage version ${master.storageVersionId}`,
  });
  const fileName = mhlFileName(generation, master.id, at);
  const made: Generation = {
    generation,
    fileName,
    c4: c4Of(createHash("sha512").update(xml).digest()),
    docKey: `${folderOf(master.id)}/${fileName}`,
    createdAt: at,
  };
  const xmlHeaders = { contentType: "application/xml", cacheControl: "no-store" };
  const bucket = deps.promoter.buckets.docs;
  await putObject(deps.promoter, { bucket, key: made.docKey }, xml, xmlHeaders);
  const isMine = await inTransaction(deps.sql, async (tx) => {
    if (!(await insertGeneration(tx, master.id, made))) return false;
    await audit(tx, system, {
      projectId: master.projectId,
      action: generation === 1 ? "master.hashed" : isSame ? "master.verified" : "master.mismatch",
      subject: master.id,
      detail: { generation, fileName, manifestC4: made.c4, xxh128: digests.xxh128, c4: digests.c4 },
    });
    return true;
  });
  const all = await generationsOf(deps.sql, master.id);
  const chain = { bucket, key: `${folderOf(master.id)}/${CHAIN_FILE}` };
  await putObject(deps.promoter, chain, chainXml(all), xmlHeaders);
  return isMine ? made : (all.at(-1) ?? made);
}

/** Generation 1, once the worker has read the whole master; what exists already is left alone. */
export async function ensureManifest(deps: Deps, master: Master): Promise<Generation[]> {
  const known = await generationsOf(deps.sql, master.id);
  if (known.length > 0) return known;
  if (!master.xxh128 || !master.c4)
    refuse(
      "illegal-state",
      "The master has not been read in full yet, so there is nothing to put in a manifest. It is written with the preview.",
    );
  await writeGeneration(deps, master, { xxh128: master.xxh128, c4: master.c4 });
  return generationsOf(deps.sql, master.id);
}

/** A manifest or the chain as it lies in the docs bucket: the newest generation, one by number, or `chain`. */
export async function readManifest(
  deps: Deps,
  actor: Actor,
  versionId: string,
  which: number | "latest" | "chain",
): Promise<{ fileName: string; xml: string }> {
  const master = await findMaster(deps.sql, versionId);
  if (!master) notFound("version");
  await need(deps.sql, actor, master.projectId, "watch", "version");
  const generations = await ensureManifest(deps, master);
  if (which === "chain") return { fileName: CHAIN_FILE, xml: chainXml(generations) };
  const wanted =
    which === "latest" ? generations.at(-1) : generations.find(({ generation }) => generation === which);
  if (!wanted) notFound("generation");
  const place = { bucket: deps.promoter.buckets.docs, key: wanted.docKey };
  const head = await headObject(deps.promoter, place);
  if (!head) refuse("gone", "This manifest is no longer in the docs bucket.");
  const bytes = await readRange(deps.promoter, place, 0, head.bytes - 1);
  const xml = Buffer.from(bytes).toString("utf8");
  if (c4Of(createHash("sha512").update(bytes).digest()) !== wanted.c4)
    refuse("hash-mismatch", "This manifest was changed in the docs bucket and is not handed out.");
  return { fileName: wanted.fileName, xml };
}
