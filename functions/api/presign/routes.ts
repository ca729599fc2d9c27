import { listOf } from "#core/shape.ts";
import {
  listUploadsQuery,
  openedUpload,
  openUploadInput,
  signedParts,
  signPartsInput,
  upload,
} from "#core/uploads/upload.ts";
import type { ApiFunction } from "#functions/route.ts";

export const presignFunction: ApiFunction = {
  kind: "api",
  name: "presign",
  routes: [
    {
      method: "POST",
      path: "/presign",
      summary: "Open an upload: one signed request, or parts",
      auth: "actor-or-guest",
      body: openUploadInput,
      answer: { status: 201, schema: openedUpload },
      idempotent: true,
      refusals: [
        "forbidden",
        "not-found",
        "quota-exceeded",
        "storage-full",
        "too-large",
        "type-not-allowed",
        "hash-mismatch",
      ],
    },
    {
      method: "GET",
      path: "/presign",
      summary: "List my uploads, newest first",
      auth: "actor-or-guest",
      query: listUploadsQuery,
      answer: { status: 200, schema: listOf(upload) },
    },
    {
      method: "POST",
      path: "/presign/:uploadId/parts",
      summary: "Sign parts of an open upload, just in time",
      auth: "actor-or-guest",
      body: signPartsInput,
      answer: { status: 200, schema: signedParts },
      refusals: ["illegal-state", "upload-expired"],
    },
    {
      method: "GET",
      path: "/presign/:uploadId",
      summary: "Read an upload and the parts that have arrived",
      auth: "actor-or-guest",
      answer: { status: 200, schema: upload },
    },
    {
      method: "DELETE",
      path: "/presign/:uploadId",
      summary: "Cancel an open upload and free its parts",
      auth: "actor-or-guest",
      ifMatch: true,
      answer: { status: 204 },
      refusals: ["illegal-state"],
    },
  ],
  touches: {
    tables: {
      uploads: "write",
      project_storage: "write",
      audit_log: "write",
      idempotency_keys: "write",
      projects: "read",
      memberships: "read",
      folders: "read",
      assets: "read",
      versions: "read",
      master_copies: "read",
    },
    buckets: { staging: ["put"] },
    redis: true,
  },
};
