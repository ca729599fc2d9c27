import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readiness } from "#api/health/routes.ts";
import type { Resources } from "#core/resources.ts";
import { everyFunction } from "#functions/apps.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";

let resources: Resources;
let api: Api;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
});
afterAll(() => resources.close());

describe("health", () => {
  test("a living process says so without asking anything else", async () => {
    const { status, body } = await api.bearing(undefined).get("/healthz");
    expect([status, body]).toEqual([200, { status: "ok" }]);
  });

  test("readiness names every dependency", async () => {
    const { status, body } = await api.bearing(undefined).get("/readyz");
    expect(Object.keys(body.checks)).toEqual(["postgres", "redis", "storage", "oidc"]);
    for (const name of ["postgres", "redis", "storage"]) expect(body.checks[name].ok).toBe(true);
    expect(status).toBe(200);
  });

  test("a dependency that is away is named and the process is not ready", async () => {
    const broken = await testResources({ REDIS_URL: "redis://127.0.0.1:1/0" });
    try {
      const { status, body } = await readinessOf(broken);
      expect(status).toBe(503);
      expect(body.status).toBe("not-ready");
      expect(body.checks.redis.ok).toBe(false);
      expect(body.checks.postgres.ok).toBe(true);
    } finally {
      await broken.close();
    }
  });

  test("metrics are in the Prometheus format", async () => {
    const { status, text } = await api.bearing(undefined).get("/metrics");
    expect(status).toBe(200);
    expect(text).toContain("# TYPE rushes_http_requests_total counter");
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]\d+$/m);
    expect(text).toMatch(/^process_cpu_seconds_total 0*[1-9.]/m);
  });

  test("metrics cost nothing to read, however large the process is", async () => {
    const large = Array.from({ length: 2_000_000 }, (_, n) => ({ n }));
    const from = performance.now();
    for (let i = 0; i < 5; i++) await api.bearing(undefined).get("/metrics");
    expect((performance.now() - from) / 5).toBeLessThan(100);
    expect(large).toHaveLength(2_000_000);
  });

  test("the reference explains every problem", async () => {
    const missing = await api.bearing(undefined).get("/no-such-thing");
    expect(missing.status).toBe(404);
    expect(missing.headers.get("content-type")).toBe("application/problem+json");
    const page = await api.bearing(undefined).get("/docs/problems");
    expect(page.text).toContain(`id="${new URL(missing.body.type).hash.slice(1)}"`);
    expect((await api.bearing(undefined).get("/docs")).text).toContain("/readyz");
  });
});

/** Only the gateway is needed here: seeding people would need Redis. */
async function readinessOf(broken: Resources) {
  const response = await everyFunction(broken).fetch(new Request(`${broken.config.PUBLIC_API_BASE}/readyz`));
  return { status: response.status, body: readiness.parse(await response.json()) };
}
