import { z } from "zod";
import { reviewRequest, reviewRequestInput, reviewRequestQuery } from "#core/approvals/approval.ts";
import {
  approval,
  approvalInput,
  asset,
  assetQuery,
  comparison,
  updateAssetInput,
  version,
} from "#core/assets/asset.ts";
import {
  moveSeveralInput,
  severalDownloads,
  severalInput,
  severalOutcome,
} from "#core/assets/several-assets.ts";
import { noticeList, noticeQuery, readNoticesAnswer, readNoticesInput } from "#core/notices/notice.ts";
import { found, searchQuery } from "#core/search/search.ts";
import { id, listOf, page } from "#core/shape.ts";
import type { ApiFunction, Route } from "#functions/route.ts";

export const compareQuery = z.object({ left: id("version"), right: id("version") });

const browse: Route[] = [
  {
    method: "GET",
    path: "/assets",
    summary: "List the assets of a project",
    auth: "actor-or-guest",
    query: assetQuery,
    answer: { status: 200, schema: listOf(asset) },
    refusals: ["invalid", "not-found"],
  },
  {
    method: "GET",
    path: "/assets/:id",
    summary: "Read an asset",
    auth: "actor-or-guest",
    answer: { status: 200, schema: asset },
  },
  {
    method: "PATCH",
    path: "/assets/:id",
    summary: "Rename an asset or move it to another folder",
    auth: "actor",
    body: updateAssetInput,
    answer: { status: 200, schema: asset },
    ifMatch: true,
    refusals: ["forbidden"],
  },
  {
    method: "DELETE",
    path: "/assets/:id",
    summary: "Delete an asset; can be taken back for a day",
    auth: "actor",
    answer: { status: 204 },
    ifMatch: true,
    refusals: ["forbidden", "locked", "under-hold", "illegal-state"],
  },
  {
    method: "POST",
    path: "/assets/:id/restore",
    summary: "Take a deletion back",
    auth: "actor",
    answer: { status: 200, schema: asset },
    idempotent: true,
    refusals: ["forbidden", "gone"],
  },
  {
    method: "GET",
    path: "/assets/:id/versions",
    summary: "List the versions of an asset, newest first",
    auth: "actor-or-guest",
    query: page,
    answer: { status: 200, schema: listOf(version) },
  },
  {
    method: "GET",
    path: "/search",
    summary: "Search names, comments and people, of one project or of all of mine",
    auth: "actor",
    query: searchQuery,
    answer: { status: 200, schema: found },
    refusals: ["invalid", "not-found"],
  },
];

const several: Route[] = [
  {
    method: "POST",
    path: "/assets/move",
    summary: "Move several assets; says of each what became of it",
    auth: "actor",
    body: moveSeveralInput,
    answer: { status: 200, schema: severalOutcome },
    idempotent: true,
  },
  {
    method: "POST",
    path: "/assets/delete",
    summary: "Delete several assets; says of each what became of it",
    auth: "actor",
    body: severalInput,
    answer: { status: 200, schema: severalOutcome },
    idempotent: true,
  },
  {
    method: "POST",
    path: "/assets/download",
    summary: "Get short-lived URLs of several newest masters; says of each what became of it",
    auth: "actor-or-guest",
    body: severalInput,
    answer: { status: 200, schema: severalDownloads },
    idempotent: true,
  },
  {
    method: "POST",
    path: "/assets/restore",
    summary: "Take several deletions back; says of each what became of it",
    auth: "actor",
    body: severalInput,
    answer: { status: 200, schema: severalOutcome },
    idempotent: true,
  },
];

const versions: Route[] = [
  {
    method: "GET",
    path: "/versions/:id",
    summary: "Read a version",
    auth: "actor-or-guest",
    answer: { status: 200, schema: version },
  },
  {
    method: "GET",
    path: "/compare",
    summary: "Read two versions side by side, with playback and frame offset",
    auth: "actor-or-guest",
    query: compareQuery,
    answer: { status: 200, schema: comparison },
    refusals: ["invalid", "not-found"],
  },
  {
    method: "POST",
    path: "/versions/:id/approval",
    summary: "Approve a version or request changes",
    auth: "actor-or-guest",
    body: approvalInput,
    answer: { status: 201, schema: approval },
    idempotent: true,
    refusals: ["forbidden", "illegal-state"],
  },
  {
    method: "GET",
    path: "/versions/:id/approvals",
    summary: "List the verdicts on a version, newest first",
    auth: "actor-or-guest",
    query: page,
    answer: { status: 200, schema: listOf(approval) },
  },
];

const reviews: Route[] = [
  {
    method: "GET",
    path: "/versions/:id/review-requests",
    summary: "List whose verdict on a version is asked for",
    auth: "actor-or-guest",
    answer: { status: 200, schema: listOf(reviewRequest) },
  },
  {
    method: "POST",
    path: "/versions/:id/review-requests",
    summary: "Ask people for their verdict, with a due date",
    auth: "actor",
    body: reviewRequestInput,
    answer: { status: 201, schema: listOf(reviewRequest) },
    idempotent: true,
    refusals: ["forbidden"],
  },
  {
    method: "POST",
    path: "/review-requests/:id/withdraw",
    summary: "No longer wait for a verdict",
    auth: "actor",
    answer: { status: 200, schema: listOf(reviewRequest) },
    idempotent: true,
    refusals: ["forbidden"],
  },
  {
    method: "GET",
    path: "/review-requests",
    summary: "List the reviews asked of me, the most urgent first",
    auth: "actor",
    query: reviewRequestQuery,
    answer: { status: 200, schema: listOf(reviewRequest) },
    refusals: ["invalid"],
  },
  {
    method: "GET",
    path: "/notices",
    summary: "List my notices: mentions, replies, reviews, verdicts",
    auth: "actor",
    query: noticeQuery,
    answer: { status: 200, schema: noticeList },
    refusals: ["invalid", "forbidden"],
  },
  {
    method: "POST",
    path: "/notices/read",
    summary: "Mark notices as read; all of them without ids",
    auth: "actor",
    body: readNoticesInput,
    answer: { status: 200, schema: readNoticesAnswer },
    idempotent: true,
    refusals: ["forbidden"],
  },
];

export const assetsFunction: ApiFunction = {
  kind: "api",
  name: "assets",
  routes: [...browse, ...several, ...versions, ...reviews],
  touches: {
    tables: {
      assets: "write",
      versions: "write",
      edge_generations: "write",
      approvals: "write",
      review_requests: "write",
      notices: "write",
      preview_jobs: "write",
      outbox: "write",
      audit_log: "write",
      idempotency_keys: "write",
      api_keys: "write",
      folders: "read",
      comments: "read",
      uploads: "read",
      shares: "read",
      share_versions: "read",
      share_visits: "write",
      projects: "read",
      memberships: "read",
      people: "read",
    },
    buckets: { masters: ["read-lock", "get"] },
    redis: true,
  },
};
