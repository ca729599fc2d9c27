import { expect, test } from "bun:test";
import { eventually } from "#tests/support/eventually.ts";
import { openFaultProxy } from "#tests/support/fault-proxy.ts";
import { inWorld } from "./world/world.ts";

test(
  "the change is made, its answer is lost on the way: repeating the request gives that answer, once",
  () =>
    inWorld({}, async (world) => {
      const api = await world.api();
      const proxy = await openFaultProxy({ host: "127.0.0.1", port: Number(new URL(api.base).port) });
      const count = async () =>
        (
          await world.sql<{ n: number }[]>`select count(*)::int as n from comments where text = 'said once'`
        )[0]?.n;
      const post = (base: string, signal: AbortSignal) =>
        fetch(`${base}/comments`, {
          method: "POST",
          headers: {
            authorization: `Bearer ${world.key}`,
            "content-type": "application/json",
            "idempotency-key": "once",
          },
          body: JSON.stringify({ versionId: world.versionId, frame: 3, text: "said once" }),
          signal,
        });
      const lost = new AbortController();
      const first = post(`http://127.0.0.1:${proxy.port}/api`, lost.signal).catch(() => undefined);
      await eventually(async () => expect(await count()).toBe(1));
      await proxy.set("reset");
      lost.abort();
      await first;
      const second = await eventually(async () => {
        const answer = await post(api.base, AbortSignal.timeout(5_000));
        expect(answer.status).toBe(201);
        return answer;
      });
      const third = await post(api.base, AbortSignal.timeout(5_000));
      const body = await second.text();
      expect(await third.text()).toBe(body);
      expect([second, third].map(({ headers }) => headers.get("idempotent-replay"))).toEqual([
        "true",
        "true",
      ]);
      expect(await count()).toBe(1);
      await proxy.close();
    }),
  30_000,
);
