import { reviewRequestInput, reviewRequestQuery } from "#core/approvals/approval.ts";
import { giveApproval, listApprovals } from "#core/approvals/give-approval.ts";
import {
  listMyReviews,
  listReviewRequests,
  requestReview,
  withdrawReview,
} from "#core/approvals/request-review.ts";
import { approvalInput, assetQuery, updateAssetInput, versionRevision } from "#core/assets/asset.ts";
import { compareVersions } from "#core/assets/compare-versions.ts";
import { deleteAsset, restoreAsset } from "#core/assets/delete-asset.ts";
import { listAssets } from "#core/assets/list-assets.ts";
import { listVersions, needVersion, readAsset } from "#core/assets/read-asset.ts";
import {
  deleteAssets,
  downloadAssets,
  moveAssets,
  moveSeveralInput,
  restoreAssets,
  severalInput,
} from "#core/assets/several-assets.ts";
import { updateAsset } from "#core/assets/update-asset.ts";
import { noticeQuery, readNoticesInput } from "#core/notices/notice.ts";
import { listNotices, readNotices } from "#core/notices/read-notices.ts";
import type { Resources } from "#core/resources.ts";
import { search, searchQuery } from "#core/search/search.ts";
import { id, page } from "#core/shape.ts";
import { createApp, type RushesApp } from "#http/app.ts";
import { answer, changed, expectedRevision } from "#http/etag.ts";
import { parseBody, parseParam, parseQuery } from "#http/parse.ts";
import { compareQuery } from "./routes.ts";

/** Assets, their versions, and what people decide about them. */
export function assetsApp(deps: Resources): RushesApp {
  const app = createApp(deps);
  browse(app, deps);
  several(app, deps);
  versions(app, deps);
  reviews(app, deps);
  return app;
}

function browse(app: RushesApp, deps: Resources): void {
  app.get("/assets", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await listAssets(deps, actor, parseQuery(c, assetQuery)));
  });

  app.get("/assets/:id", async (c) => {
    const actor = await c.get("actors").need();
    const { asset, revision } = await readAsset(deps, actor, parseParam(c, "id", id("asset")));
    return answer(c, asset, revision);
  });

  app.patch("/assets/:id", async (c) => {
    const actor = await c.get("actors").need();
    const assetId = parseParam(c, "id", id("asset"));
    const input = await parseBody(c, updateAssetInput);
    const { asset, revision } = await updateAsset(deps, actor, assetId, input, expectedRevision(c));
    return changed(c, asset, revision);
  });

  app.delete("/assets/:id", async (c) => {
    const actor = await c.get("actors").need();
    await deleteAsset(deps, actor, parseParam(c, "id", id("asset")), expectedRevision(c));
    return c.body(null, 204);
  });

  app.post("/assets/:id/restore", async (c) => {
    const actor = await c.get("actors").need();
    const { asset, revision } = await restoreAsset(deps, actor, parseParam(c, "id", id("asset")));
    return changed(c, asset, revision);
  });

  app.get("/assets/:id/versions", async (c) => {
    const actor = await c.get("actors").need();
    const assetId = parseParam(c, "id", id("asset"));
    return answer(c, await listVersions(deps, actor, assetId, parseQuery(c, page)));
  });

  app.get("/search", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await search(deps, actor, parseQuery(c, searchQuery)));
  });
}

function several(app: RushesApp, deps: Resources): void {
  app.post("/assets/move", async (c) => {
    const actor = await c.get("actors").need();
    return c.json(await moveAssets(deps, actor, await parseBody(c, moveSeveralInput)));
  });

  app.post("/assets/delete", async (c) => {
    const actor = await c.get("actors").need();
    return c.json(await deleteAssets(deps, actor, await parseBody(c, severalInput)));
  });

  app.post("/assets/download", async (c) => {
    const actor = await c.get("actors").need();
    return c.json(await downloadAssets(deps, actor, await parseBody(c, severalInput)));
  });

  app.post("/assets/restore", async (c) => {
    const actor = await c.get("actors").need();
    return c.json(await restoreAssets(deps, actor, await parseBody(c, severalInput)));
  });
}

function versions(app: RushesApp, deps: Resources): void {
  app.get("/versions/:id", async (c) => {
    const actor = await c.get("actors").need();
    const { version } = await needVersion(deps, actor, parseParam(c, "id", id("version")));
    return answer(c, version, versionRevision(version.state));
  });

  app.get("/compare", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await compareVersions(deps, actor, parseQuery(c, compareQuery)));
  });

  app.post("/versions/:id/approval", async (c) => {
    const actor = await c.get("actors").need();
    const versionId = parseParam(c, "id", id("version"));
    return c.json(await giveApproval(deps, actor, versionId, await parseBody(c, approvalInput)), 201);
  });

  app.get("/versions/:id/approvals", async (c) => {
    const actor = await c.get("actors").need();
    const versionId = parseParam(c, "id", id("version"));
    return answer(c, await listApprovals(deps, actor, versionId, parseQuery(c, page)));
  });
}

function reviews(app: RushesApp, deps: Resources): void {
  app.get("/versions/:id/review-requests", async (c) => {
    const actor = await c.get("actors").need();
    const items = await listReviewRequests(deps, actor, parseParam(c, "id", id("version")));
    return answer(c, { items, nextCursor: null });
  });

  app.post("/versions/:id/review-requests", async (c) => {
    const actor = await c.get("actors").need();
    const versionId = parseParam(c, "id", id("version"));
    const items = await requestReview(deps, actor, versionId, await parseBody(c, reviewRequestInput));
    return c.json({ items, nextCursor: null }, 201);
  });

  app.post("/review-requests/:id/withdraw", async (c) => {
    const actor = await c.get("actors").need();
    const items = await withdrawReview(deps, actor, parseParam(c, "id", id("reviewRequest")));
    return c.json({ items, nextCursor: null });
  });

  app.get("/review-requests", async (c) => {
    const actor = await c.get("actors").need();
    const items = await listMyReviews(deps, actor, parseQuery(c, reviewRequestQuery));
    return answer(c, { items, nextCursor: null });
  });

  app.get("/notices", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await listNotices(deps, actor, parseQuery(c, noticeQuery)));
  });

  app.post("/notices/read", async (c) => {
    const actor = await c.get("actors").need();
    const { ids } = await parseBody(c, readNoticesInput);
    return c.json(await readNotices(deps, actor, ids));
  });
}
