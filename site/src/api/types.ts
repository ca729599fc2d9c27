/** Names for the shapes of the wire, taken from the client types that `make openapi` writes. */
import type { components, paths } from "./schema.d.ts";

type Json<Response> = Response extends { content: { "application/json": infer Body } } ? Body : never;
type Answer<Operation> = Operation extends { responses: infer Responses }
  ? Json<Responses[keyof Responses & (200 | 201 | 202)]>
  : never;
type Get<Path extends keyof paths> = Answer<paths[Path]["get"]>;
type Post<Path extends keyof paths> = Answer<paths[Path]["post"]>;
type ItemOf<List> = List extends { items: (infer Item)[] } ? Item : never;

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

export type Problem = components["schemas"]["Problem"];
export type Project = Get<"/projects/{projectId}">;
export type Role = Project["role"];
export type Member = Get<"/projects/{projectId}/members/{personId}">;
export type Person = Member["person"];
export type Folder = Get<"/projects/{projectId}/folders/{folderId}">;
export type Asset = Get<"/assets/{id}">;
export type Status = Asset["status"];
export type Version = Get<"/versions/{id}">;
export type VersionState = Version["state"];
export type Media = NonNullable<Version["media"]>;
export type Preview = Get<"/preview/{versionId}">;
export type Playback = NonNullable<Preview["playback"]>;
export type Comment = Get<"/comments/{id}">;
export type Author = Comment["author"];
export type Drawing = NonNullable<Comment["drawing"]>;
export type Shape = Drawing["shapes"][number];
export type Tool = Shape["tool"];
export type Approval = ItemOf<Get<"/versions/{id}/approvals">>;
export type Verdict = Approval["verdict"];
export type ReviewRequest = ItemOf<Get<"/versions/{id}/review-requests">>;
export type Notice = ItemOf<Get<"/notices">>;
export type Custody = Get<"/versions/{id}/custody">;
export type Comparison = Get<"/compare">;
export type Found = Get<"/search">;
export type Outcome = Post<"/assets/delete">;
export type Share = Get<"/shares/{id}">;
export type Allow = Share["allow"];
export type OpenedShare = Get<"/shares/open/{token}">;
export type ShareVisit = ItemOf<Get<"/shares/{id}/visits">>;
export type OpenedUpload = Post<"/presign">;
export type SignedParts = Post<"/presign/{uploadId}/parts">;
export type Upload = Get<"/presign/{uploadId}">;
export type UploadState = Upload["state"];
export type ApiKey = Get<"/keys/{keyId}">;
export type CreatedKey = Post<"/keys">;
export type Webhook = Get<"/webhooks/{webhookId}">;
export type WebhookWithSecret = Post<"/webhooks">;
export type Delivery = ItemOf<Get<"/webhooks/{webhookId}/deliveries">>;
export type AuditEntry = ItemOf<Get<"/audit">>;
export type QueueState = ItemOf<Get<"/admin/queues">>;
export type DeadLetter = ItemOf<Get<"/admin/queues/dead">>;
