import { PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { newId } from "#core/id.ts";
import type { Resources } from "#core/resources.ts";
import { everyFunction } from "#functions/apps.ts";
import type { Figure } from "../figure.ts";
import { percentile } from "./measure.ts";

const WARM = 100;
const TIMES = 500;

/** `POST /presign` with everything it checks, against the SDK's signing of one URL plus one insert. */
export async function measurePresign(
  deps: Resources,
  key: string,
  projectId: string,
  say: (line: string) => void,
): Promise<Figure> {
  const gateway = everyFunction(deps);
  const body = JSON.stringify({ projectId, name: "bench.mp4", bytes: 5_000_000, contentType: "video/mp4" });
  const ours = async () => {
    const answer = await gateway.fetch(
      new Request(`${deps.config.PUBLIC_API_BASE}/presign`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body,
      }),
      { address: "127.0.0.1" },
    );
    if (answer.status !== 201) throw new Error(`presign answered ${answer.status}`);
    await answer.text();
  };
  const bare = async () => {
    const id = newId("upload");
    const put = new PutObjectCommand({
      Bucket: deps.presigner.buckets.staging,
      Key: `uploads/${id}`,
      ContentType: "video/mp4",
      ContentLength: 5_000_000,
    });
    await getSignedUrl(deps.presigner.s3, put, {
      expiresIn: 3600,
      signableHeaders: new Set(["content-type"]),
    });
    await deps.sql`insert into uploads (id, project_id, name, bytes, content_type, method, storage_key, expires_at)
      values (${id}, ${projectId}, 'bench.mp4', 5000000, 'video/mp4', 'put', ${`uploads/${id}`}, now() + interval '7 days')`;
  };
  const times = { ours: [] as number[], bare: [] as number[] };
  for (let i = 0; i < WARM + TIMES; i++)
    for (const [name, work] of [
      ["bare", bare],
      ["ours", ours],
    ] as const) {
      const from = performance.now();
      await work();
      if (i >= WARM) times[name].push(performance.now() - from);
    }
  const p95 = { ours: percentile(times.ours, 0.95), bare: percentile(times.bare, 0.95) };
  say(`presign p95 ${p95.ours.toFixed(2)} ms, signing and one insert ${p95.bare.toFixed(2)} ms`);
  return { id: "presign.p95_ratio", value: p95.ours / p95.bare, unit: "x", target: 2, better: "lower" };
}
