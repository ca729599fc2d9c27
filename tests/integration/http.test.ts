import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { takeToken } from "#core/auth/rate.ts";
import type { Resources } from "#core/resources.ts";
import { everyFunction } from "#functions/apps.ts";
import { serve } from "#functions/serve.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { eventually } from "#tests/support/eventually.ts";
import { seedKey, seedPerson } from "#tests/support/people.ts";
import { testResources } from "#tests/support/resources.ts";
import { EventReader } from "#tests/support/stream.ts";

let resources: Resources;
let api: Api;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
});
afterAll(() => resources.close());

describe("an idempotency key", () => {
  const create = (key: string, body: object = { name: "Once" }, who: "manager" | "editor" = "manager") =>
    api.as(who).post("/projects", body, { "idempotency-key": key });
  const count = async (name: string) =>
    (await resources.sql`select count(*)::int as n from projects where name = ${name}`)[0]?.n;

  test("replays the first answer with its headers", async () => {
    const first = await create("replay", { name: "Replayed" });
    const again = await create("replay", { name: "Replayed" });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    for (const header of ["etag", "location", "content-type"])
      expect(again.headers.get(header)).toBe(first.headers.get(header));
    expect([first.headers.get("idempotent-replay"), again.headers.get("idempotent-replay")]).toEqual([
      null,
      "true",
    ]);
    expect(await count("Replayed")).toBe(1);
  });

  test("of a refusal that changed nothing replays the refusal", async () => {
    const first = await create("refused", { name: "" });
    const again = await create("refused", { name: "" });
    expect([first.status, again.status, again.headers.get("idempotent-replay")]).toEqual([400, 400, "true"]);
    expect(again.headers.get("content-type")).toBe("application/problem+json");
  });

  test("with another body is refused, and is another key for somebody else", async () => {
    await create("shared", { name: "A" });
    const other = await create("shared", { name: "B" });
    expect([other.status, other.body.type]).toEqual([422, expect.stringContaining("#key-reused")]);
    expect((await create("shared", { name: "A" }, "editor")).headers.get("idempotent-replay")).toBeNull();
  });

  test("sent fifty times at once creates one thing", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => create("at-once", { name: "At once" })),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].every((status) => status === 201 || status === 409)).toBe(true);
    const made = answers.filter(({ status }) => status === 201).map(({ body }) => body.id);
    expect(new Set(made).size).toBe(1);
    expect(await count("At once")).toBe(1);
    for (const { status, headers, body } of answers)
      if (status === 409)
        expect([headers.get("retry-after"), body.type]).toEqual([
          "1",
          expect.stringContaining("#key-in-flight"),
        ]);
    expect((await create("at-once", { name: "At once" })).body.id).toBe(made[0]);
  });

  test("whose answer was sealed with another secret says so", async () => {
    await create("sealed", { name: "Sealed" });
    const [row] = await resources.sql`select body from idempotency_keys where key = 'sealed'`;
    await resources.sql`update idempotency_keys set body = ${`${row?.body.slice(0, -4)}AAAA`} where key = 'sealed'`;
    const again = await create("sealed", { name: "Sealed" });
    expect([again.status, again.body.type]).toEqual([409, expect.stringContaining("#conflict")]);
    expect(again.headers.get("idempotent-replay")).toBeNull();
  });

  test("must be readable", async () => {
    expect((await create("x".repeat(256))).status).toBe(400);
  });
});

describe("the rate limit", () => {
  test("is exact when many come at once, and opens again", async () => {
    const limit = { perMinute: 600, burst: 20 };
    const verdicts = await Promise.all(
      Array.from({ length: 200 }, () => takeToken(resources.redis, "rate:test", limit)),
    );
    const allowed = verdicts.filter((verdict) => verdict.allowed).length;
    expect(allowed).toBeGreaterThanOrEqual(20);
    expect(allowed).toBeLessThan(30);
    await eventually(async () =>
      expect((await takeToken(resources.redis, "rate:test", limit)).allowed).toBe(true),
    );
  });

  test("is not closed for an hour by a clock that was set back by one", async () => {
    await resources.redis.set("rate:set-back", Date.now() + 3_600_000);
    const verdict = await takeToken(resources.redis, "rate:set-back", { perMinute: 600, burst: 20 });
    expect(verdict).toMatchObject({ allowed: true, remaining: 19 });
  });

  test("answers 429 with the time to wait, by person and not by credential", async () => {
    const tight = await testResources({ RATE_LIMIT_PER_MINUTE: "20" });
    try {
      const own = await openApi(tight);
      const keys = await Promise.all([1, 2].map(() => seedKey(tight, own.seed.people.editor.id)));
      const answers = [];
      for (let i = 0; i < 12; i++) answers.push(await own.bearing(keys[i % 2]).get("/projects"));
      expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(6);
      const last = answers.at(-1);
      expect(last?.status).toBe(429);
      expect(Number(last?.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(last?.headers.get("ratelimit-policy")).toBe('"default";q=20;w=60');
      expect((await own.as("manager").get("/projects")).status).toBe(200);
      // An invented credential is as good as none: it shares the bucket of the address.
      const invented = [];
      for (let i = 0; i < 8; i++)
        invented.push((await own.bearing(`rk_${"x".repeat(40)}${i}`).get("/projects")).status);
      expect(invented).toContain(429);
      for (let i = 0; i < 8; i++) expect((await own.bearing(undefined).get("/healthz")).status).toBe(200);
    } finally {
      await tight.close();
    }
  });

  test("lets requests pass while Redis is away", async () => {
    const broken = await testResources({ REDIS_URL: "redis://127.0.0.1:1/0" });
    try {
      const key = await seedKey(broken, (await seedPerson(broken, "alone")).id);
      const answer = await everyFunction(broken).fetch(
        new Request(`${broken.config.PUBLIC_API_BASE}/projects`, {
          headers: { authorization: `Bearer ${key}` },
        }),
      );
      expect(answer.status).toBe(200);
    } finally {
      await broken.close();
    }
  });
});

describe("every answer", () => {
  test("carries a request id: the caller's if it is one, else a new one", async () => {
    const given = await api.as("viewer").get("/projects", { "x-request-id": "caller-12345" });
    expect(given.headers.get("x-request-id")).toBe("caller-12345");
    const odd = await api.as("viewer").get("/projects", { "x-request-id": "<script>" });
    expect(odd.headers.get("x-request-id")).toMatch(/^req_/);
    const refused = await api.as("outsider").get(`/projects/${api.seed.projectId}`);
    expect(refused.body.instance).toBe(refused.headers.get("x-request-id") as string);
  });

  test("may be read by the site, with its cookies, and by no other page", async () => {
    const site = new URL(resources.config.PUBLIC_SITE_BASE).origin;
    const asked = await api.bearing(undefined).send("OPTIONS", "/projects", undefined, {
      origin: site,
      "access-control-request-method": "PATCH",
      "access-control-request-headers": "if-match,idempotency-key",
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-origin")).toBe(site);
    expect(asked.headers.get("access-control-allow-credentials")).toBe("true");
    expect(asked.headers.get("access-control-allow-headers")).toContain("If-Match");
    const refused = await api.as("outsider").get(`/projects/${api.seed.projectId}`);
    expect(refused.headers.get("access-control-allow-origin")).toBe(site);
    for (const origin of ["https://evil.example", `${site}.evil.example`, "null"]) {
      const other = await api.bearing(undefined).send("OPTIONS", "/projects", undefined, { origin });
      expect(other.headers.get("access-control-allow-origin")).toBeNull();
    }
  });
});

describe("the process", () => {
  test("serves, and leaves without cutting anybody off", async () => {
    const { config } = resources;
    const env = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, String(value)]));
    const running = await serve({
      ...env,
      API_PORT: "0",
      LOG_LEVEL: "silent",
      RUSHES_BACKGROUND: "0",
      ...lists(config),
    });
    const base = `http://127.0.0.1:${running.port}`;
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    expect((await fetch(`${base}/api/readyz`)).status).toBe(200);
    const key = await seedKey(resources, api.seed.people.viewer.id);
    const headers = { authorization: `Bearer ${key}` };
    const huge = await fetch(`${base}/api/projects`, {
      method: "POST",
      headers,
      body: "x".repeat(3_000_000),
    });
    expect(huge.status).toBe(413);
    const stream = new EventReader(
      await fetch(`${base}/api/events?projectId=${api.seed.projectId}`, { headers }),
    );
    await eventually(() => expect(stream.ofType("presence").length).toBe(1));
    const gone = new AbortController();
    const other = new EventReader(
      await fetch(`${base}/api/events?projectId=${api.seed.projectId}`, {
        headers: { authorization: `Bearer ${await seedKey(resources, api.seed.people.editor.id)}` },
        signal: gone.signal,
      }),
    );
    other.done.catch(() => {});
    const here = () => stream.ofType("presence").at(-1)?.data.people.length;
    await eventually(() => expect(here()).toBe(2));
    gone.abort();
    await eventually(() => expect(here()).toBe(1));
    const stopped = running.stop();
    await eventually(async () => {
      const answer = await fetch(`${base}/readyz`);
      expect([answer.status, answer.headers.get("connection")]).toEqual([503, "close"]);
      expect(((await answer.json()) as { status: string }).status).toBe("stopping");
    });
    await eventually(() => expect(stream.ended).toBe(true));
    await stopped;
    expect(fetch(`${base}/healthz`)).rejects.toThrow();
  }, 20_000);
});

/** Lists are written with commas in the environment. */
function lists(config: Resources["config"]) {
  return {
    ADMIN_EMAILS: config.ADMIN_EMAILS.join(","),
    EDGE_PURGE_URLS: config.EDGE_PURGE_URLS.join(","),
    ALLOWED_TYPES: config.ALLOWED_TYPES.join(","),
  };
}
