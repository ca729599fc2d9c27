import { type FaultProxy, openFaultProxy } from "#tests/support/fault-proxy.ts";
import type { WorldOptions } from "./world.ts";

export interface Proxied {
  options: WorldOptions;
  proxies: { postgres?: FaultProxy; redis?: FaultProxy };
  end(): Promise<void>;
}

/** A world whose product reaches Postgres and Redis through fault proxies, while the test sees the truth directly. */
export function proxied(): Proxied {
  const proxies: Proxied["proxies"] = {};
  const through = (name: "postgres" | "redis", fallback: number) => async (text: string) => {
    const url = new URL(text);
    const proxy = await openFaultProxy({ host: url.hostname, port: Number(url.port || fallback) });
    proxies[name] = proxy;
    url.host = `127.0.0.1:${proxy.port}`;
    return url.href;
  };
  return {
    options: { through: { postgres: through("postgres", 5432), redis: through("redis", 6379) } },
    proxies,
    async end() {
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
    },
  };
}
