import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { measureProcess } from "./process-metrics.ts";

export interface Metrics {
  /** Everything in the Prometheus text format. */
  text(): Promise<string>;
  contentType: string;
  answered(request: { method: string; route: string; status: number; seconds: number }): void;
  /** A number that is asked for when somebody scrapes; a failing one is left out. */
  gauge(
    name: string,
    help: string,
    labels: string[],
    read: () => Promise<{ labels: Record<string, string>; value: number }[]>,
  ): void;
}

/** One registry per set of resources: two of them in one process do not share counters. */
export function openMetrics(): Metrics {
  const registry = new Registry();
  measureProcess(registry);
  const labelNames = ["method", "route", "status"];
  const requests = new Counter({
    name: "rushes_http_requests_total",
    help: "Requests answered",
    labelNames,
    registers: [registry],
  });
  const seconds = new Histogram({
    name: "rushes_http_request_seconds",
    help: "Time to the first byte of the answer",
    labelNames: ["method", "route"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  return {
    text: () => registry.metrics(),
    contentType: registry.contentType,
    answered({ method, route, status, seconds: taken }) {
      requests.inc({ method, route, status: String(status) });
      seconds.observe({ method, route }, taken);
    },
    gauge(name, help, gaugeLabels, read) {
      new Gauge({
        name,
        help,
        labelNames: gaugeLabels,
        registers: [registry],
        async collect() {
          this.reset();
          const values = await read().catch(() => []);
          for (const { labels, value } of values) this.set(labels, value);
        },
      });
    },
  };
}
