import type { Client } from "./client.ts";
import { everyItem } from "./files.ts";
import { bytesText, type Report } from "./report.ts";

interface Upload {
  uploadId: string;
  versionId: string | null;
  name: string;
  bytes: number;
  state: string;
  progress: number;
  reason: string | null;
  waiting: string | null;
}

/** My uploads that are on their way, and the last ones that were refused, newest first. */
export async function status(
  { client, report }: { client: Client; report: Report },
  projectId: string | undefined,
): Promise<number> {
  const scope = projectId ? `&projectId=${projectId}` : "";
  const lists = await Promise.all(
    ["open", "received", "promoting"].map((state) =>
      everyItem<Upload>(client, `/presign?state=${state}${scope}`),
    ),
  );
  const { items: refused } = await client.get<{ items: Upload[] }>(`/presign?state=refused&limit=10${scope}`);
  const all = [...lists.flat(), ...refused];
  if (all.length === 0) report.line("nothing is on its way", { event: "status", items: 0 });
  for (const upload of all) {
    const percent = upload.state === "promoting" ? ` ${Math.round(upload.progress * 100)} %` : "";
    const why = upload.reason ?? upload.waiting;
    report.line(
      `${upload.state.padEnd(9)}${percent} ${upload.name} (${bytesText(upload.bytes)})${why ? `\n          ${why}` : ""}`,
      { event: "upload", ...upload },
    );
  }
  return 0;
}
