import { SQL } from "bun";

/** Puts many comments on a version at once; the API would rightly ask to slow down. */
export async function addCrowd(
  databaseUrl: string,
  versionId: string,
  frames: number,
  count: number,
): Promise<void> {
  const sql = new SQL(databaseUrl);
  try {
    await sql`
      insert into comments (id, project_id, version_id, frame, text, author_person_id, author_name)
      select 'cmt_' || left(md5(v.id || n), 26), v.project_id, v.id, n % ${frames},
        'Note ' || n || repeat(' with something to look at', n % 4), p.id, p.name
      from versions v, generate_series(1, ${count}) n, (select id, name from people order by id limit 1) p
      where v.id = ${versionId}`;
  } finally {
    await sql.end();
  }
}
