import type { Resources } from "../resources.ts";
import { isDenied } from "../storage/faults.ts";
import { abortMultipart } from "../storage/multipart.ts";
import { removeObject } from "../storage/remove.ts";
import type { Orphan } from "./examine.ts";

/** Removes one orphan. False: a lock still protects it, and it stays. */
export async function cleanOrphan(
  { promoter, custodian }: Pick<Resources, "promoter" | "custodian">,
  orphan: Orphan,
): Promise<boolean> {
  const storage = orphan.bucket === "staging" ? promoter : custodian;
  const place = { bucket: storage.buckets[orphan.bucket], key: orphan.key };
  try {
    if (orphan.kind === "parts") await abortMultipart(storage, place, orphan.id ?? "");
    else await removeObject(storage, orphan.id ? { ...place, versionId: orphan.id } : place);
    return true;
  } catch (error) {
    if (isDenied(error)) return false;
    throw error;
  }
}
