import { describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { isPublicAddress, parseEndpoint, resolveTarget } from "./address.ts";
import { attemptDelaysMs, nextAttemptMs, retryAfterMs } from "./retries.ts";
import { newWebhookSecret, signedHeaders, signWebhook } from "./secret.ts";

describe("the signature", () => {
  test("is what the independent library of Standard Webhooks verifies", () => {
    const secret = newWebhookSecret();
    const body = JSON.stringify({
      type: "version.ready",
      timestamp: new Date().toISOString(),
      data: { ü: "🎬" },
    });
    const headers = signedHeaders([secret], "evt_1", new Date(), body);
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow();
    expect(() => new Webhook(newWebhookSecret()).verify(body, headers)).toThrow();
  });

  test("matches the vector of the specification's reference libraries", () => {
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const signature = signWebhook(
      secret,
      "msg_p5jXN8AQM9LWM0D4loKWxJek",
      1_614_265_330,
      '{"test": 2432232314}',
    );
    expect(signature).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  test("is given by both secrets during a rotation, so either of them verifies", () => {
    const [before, now] = [newWebhookSecret(), newWebhookSecret()];
    const headers = signedHeaders([now, before], "evt_1", new Date(), "{}");
    expect(headers["webhook-signature"]?.split(" ")).toHaveLength(2);
    for (const secret of [before, now]) expect(new Webhook(secret).verify("{}", headers)).toEqual({});
  });

  test("refuses a secret that is too short or not one", () => {
    expect(() => signWebhook("whsec_c2hvcnQ=", "a", 1, "{}")).toThrow();
    expect(() => signWebhook(newWebhookSecret().slice(6), "a", 1, "{}")).toThrow();
  });
});

describe("the address guard", () => {
  const refused = [
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[ff02::1]/",
    "https://10.1.2.3/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://①②⑦.0.0.1/",
    "http://example.com/",
    "ftp://example.com/",
    "https://user:secret@example.com/",
    "not a url",
  ];
  test.each(refused)("refuses %s", (url) => {
    expect(() => parseEndpoint(url, { allowPrivate: false })).toThrow();
  });

  test("lets public addresses pass", () => {
    for (const address of ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111"])
      expect(isPublicAddress(address)).toBe(true);
    expect(parseEndpoint("https://example.com:8443/hook?a=1", { allowPrivate: false }).port).toBe("8443");
  });

  test("refuses a name that leads to a private address", async () => {
    const leads = resolveTarget("https://localhost/", { allowPrivate: false, deadlineMs: 2_000 });
    await expect(leads).rejects.toThrow("not public");
  });

  test("a deployment may allow private addresses and plain http", async () => {
    const target = await resolveTarget("http://127.0.0.1:81/x", { allowPrivate: true, deadlineMs: 2_000 });
    expect([target.address, target.port]).toEqual(["127.0.0.1", 81]);
  });
});

describe("the retries", () => {
  test("follow the schedule with up to 10 % more", () => {
    for (let made = 1; made < attemptDelaysMs.length; made++) {
      const planned = attemptDelaysMs[made] ?? 0;
      expect(nextAttemptMs(made, null, 0)).toBe(planned);
      expect(nextAttemptMs(made, null, 1)).toBe(Math.round(planned * 1.1));
    }
    expect(nextAttemptMs(attemptDelaysMs.length, null)).toBeNull();
  });

  test("Retry-After lengthens the wait, up to a day, and never shortens it", () => {
    expect(nextAttemptMs(1, 60_000, 0)).toBe(60_000);
    expect(nextAttemptMs(4, 1_000, 0)).toBe(attemptDelaysMs[4]);
    expect(nextAttemptMs(1, 1e12, 0)).toBe(24 * 3_600_000);
  });

  test("Retry-After is read as seconds or as a date", () => {
    const now = new Date("2026-01-02T03:04:05Z");
    expect(retryAfterMs("120", now)).toBe(120_000);
    expect(retryAfterMs("Fri, 02 Jan 2026 03:05:05 GMT", now)).toBe(60_000);
    expect(retryAfterMs("Fri, 02 Jan 2026 03:00:00 GMT", now)).toBe(0);
    expect(retryAfterMs("soon", now)).toBeNull();
    expect(retryAfterMs(undefined, now)).toBeNull();
  });
});
