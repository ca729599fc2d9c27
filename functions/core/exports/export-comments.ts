import type { z } from "zod";
import { needAsset, needVersion } from "../assets/read-asset.ts";
import type { Actor } from "../auth/actor.ts";
import type { Comment } from "../comments/comment.ts";
import { composeComments } from "../comments/compose.ts";
import { type CommentRow, commentRows } from "../comments/store.ts";
import type { Sql } from "../db/db.ts";
import { edgeSigner, signPlayback } from "../previews/playback.ts";
import { askStills } from "../previews/stills.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { frameModelOf } from "../timecode/timecode.ts";
import { avid } from "./avid.ts";
import { csv } from "./csv.ts";
import { edl } from "./edl.ts";
import { fcpxml } from "./fcpxml.ts";
import type { exportFormats, exportQuery } from "./format.ts";
import { json } from "./json.ts";
import { otio } from "./otio.ts";
import { pdf } from "./pdf.ts";
import { oneLine, type Sheet, threadsOf } from "./sheet.ts";
import { openPicture, openStills } from "./stills.ts";
import { xmeml } from "./xmeml.ts";

const kinds: Record<(typeof exportFormats)[number], { type: string; ending: string }> = {
  csv: { type: "text/csv; charset=utf-8", ending: "csv" },
  edl: { type: "text/plain; charset=utf-8", ending: "edl" },
  fcpxml: { type: "application/xml; charset=utf-8", ending: "fcpxml" },
  xmeml: { type: "application/xml; charset=utf-8", ending: "xml" },
  otio: { type: "application/json; charset=utf-8", ending: "otio" },
  avid: { type: "text/plain; charset=utf-8", ending: "txt" },
  pdf: { type: "application/pdf", ending: "pdf" },
  json: { type: "application/json; charset=utf-8", ending: "json" },
};

/** More would not fit into a request's time; nobody reads a list this long. */
const MAX_COMMENTS = 20_000;

export interface Exported {
  body: string | Buffer;
  type: string;
  fileName: string;
}

/** The comments of a version as a file for an editing system, a spreadsheet, a program or a printer. */
export async function exportComments(
  deps: Pick<Resources, "sql" | "config" | "redis">,
  actor: Actor,
  { versionId, format, state }: z.output<typeof exportQuery>,
): Promise<Exported> {
  const { version, preview } = await needVersion(deps, actor, versionId);
  const { media } = version;
  if (!media)
    refuse("illegal-state", "The frames of this version are not counted yet. Export once it is playable.");
  const asset = await needAsset(deps, actor, version.assetId);
  const [project] = await deps.sql<{ name: string }[]>`
    select name from projects where id = ${version.projectId}`;
  const threads = threadsOf(await everyComment(deps.sql, actor, versionId));
  const sheet: Sheet = {
    projectName: project?.name ?? "",
    assetName: asset.name,
    versionId,
    versionNumber: version.number,
    fileName: version.name,
    model: frameModelOf(media),
    width: media.width ?? 1920,
    height: media.height ?? 1080,
    isStill: media.kind === "image",
    threads: threads.filter(
      ({ comment }) => state === undefined || (comment.resolvedAt === null) === (state === "open"),
    ),
    exportedAt: new Date().toISOString(),
  };
  const { type, ending } = kinds[format];
  const fileName = `${oneLine(asset.name).replace(/[\\/:*?"<>|]/g, "_")} v${version.number} comments.${ending}`;
  if (format === "pdf") {
    const signed = preview && signPlayback(edgeSigner(deps.config), versionId, preview, 0);
    const stills = sheet.isStill
      ? await openPicture(signed?.poster ?? null)
      : await openStills(
          await askStills(
            deps,
            versionId,
            sheet.threads.map(({ comment }) => comment.frame),
          ),
          signed?.storyboard ?? null,
          sheet.model,
        );
    return { body: await pdf(sheet, stills, deps.config.PDF_FONTS), type, fileName };
  }
  return { body: { csv, edl, fcpxml, xmeml, otio, avid, json }[format](sheet), type, fileName };
}

async function everyComment(sql: Sql, actor: Actor, versionId: string): Promise<Comment[]> {
  const rows = await sql<CommentRow[]>`${commentRows(sql)}
    where c.version_id = ${versionId} and c.deleted_at is null
    order by c.frame, c.created_at, c.id limit ${MAX_COMMENTS + 1}`;
  if (rows.length > MAX_COMMENTS)
    refuse(
      "too-large",
      `This version has more than ${MAX_COMMENTS} comments. Read them page by page instead.`,
    );
  return composeComments(sql, actor, rows);
}
