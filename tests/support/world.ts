import { PutObjectCommand } from "@aws-sdk/client-s3";
import { newId } from "#core/id.ts";
import type { Resources } from "#core/resources.ts";
import type { Api } from "./api.ts";
import { seedVersion } from "./versions.ts";

/** One of everything, in the seeded project. */
export interface World {
  projectId: string;
  personId: string;
  folderId: string;
  assetId: string;
  versionId: string;
  otherVersionId: string;
  jobId: string;
  commentId: string;
  shareId: string;
  shareToken: string;
  uploadId: string;
  webhookId: string;
  deliveryId: string;
  keyId: string;
  reviewRequestId: string;
  attachmentId: string;
}

export async function seedWorld(resources: Resources, api: Api): Promise<World> {
  const { projectId, people } = api.seed;
  const manager = api.as("manager");
  const made = async (path: string, body: object) => {
    const answer = await manager.post(path, body);
    if (answer.status >= 300) throw new Error(`POST ${path} answered ${answer.status}: ${answer.text}`);
    return answer.body;
  };
  const { assetId, versionId } = await seedVersion(resources, { projectId });
  await putMaster(resources, versionId);
  const other = await seedVersion(resources, { projectId });
  const [job] = await resources.sql<{ id: string }[]>`
    select id from preview_jobs where version_id = ${versionId} limit 1`;
  const folder = await made(`/projects/${projectId}/folders`, { name: newId("folder") });
  const comment = await made("/comments", { versionId, frame: 1, text: "Here" });
  const file = await made(`/comments/${comment.id}/attachments`, {
    name: "note.txt",
    bytes: 4,
    contentType: "text/plain",
  });
  await fetch(file.put.url, { method: "PUT", headers: file.put.headers, body: "note" });
  await made(`/attachments/${file.attachment.id}/finish`, {});
  const share = await made("/shares", { projectId, versionIds: [versionId], allow: { comment: true } });
  const upload = await made("/presign", { projectId, name: "a.mp4", bytes: 100, contentType: "video/mp4" });
  const webhook = await made("/webhooks", { projectId, url: "https://hooks.example.test/" });
  const delivery = await made(`/webhooks/${webhook.id}/test`, {});
  const key = await made("/keys", { name: "Of the manager", scopes: ["read"] });
  const requests = await made(`/versions/${versionId}/review-requests`, { personIds: [people.reviewer.id] });
  return {
    projectId,
    personId: people.viewer.id,
    folderId: folder.id,
    assetId,
    versionId,
    otherVersionId: other.versionId,
    jobId: job?.id ?? newId("job"),
    commentId: comment.id,
    shareId: share.id,
    shareToken: share.token,
    uploadId: upload.uploadId,
    webhookId: webhook.id,
    deliveryId: delivery.deliveryId,
    keyId: key.id,
    reviewRequestId: requests.items?.[0]?.id ?? requests.id,
    attachmentId: file.attachment.id,
  };
}

/** A real object for the master, so that custody has something to read. */
async function putMaster({ sql, promoter }: Resources, versionId: string): Promise<void> {
  const [row] = await sql<{ key: string }[]>`select master_key as key from versions where id = ${versionId}`;
  const { VersionId } = await promoter.s3.send(
    new PutObjectCommand({ Bucket: promoter.buckets.masters, Key: row?.key ?? "", Body: "master" }),
  );
  await sql`update versions set master_version_id = ${VersionId ?? ""} where id = ${versionId}`;
}
