import { readdir } from "node:fs/promises";
import { Counter, Gauge, type Registry } from "prom-client";

const tickMs = 100;

/**
 * What alarms ask about a process, under the usual names. Not prom-client's own set: that asks V8 for heap
 * statistics, for which Bun walks the whole heap and stands still for hundreds of milliseconds at every scrape.
 */
export function measureProcess(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: "process_heap_used_bytes",
    help: "Heap in use",
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  let counted = 0;
  new Counter({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      const seconds = (user + system) / 1e6;
      this.inc(Math.max(0, seconds - counted));
      counted = seconds;
    },
  });
  new Gauge({
    name: "process_open_fds",
    help: "Open file descriptors",
    registers,
    async collect() {
      const open = await readdir("/proc/self/fd").catch(() => undefined);
      if (open) this.set(open.length);
    },
  });
  new Gauge({ name: "process_start_time_seconds", help: "Start of the process", registers }).set(
    Math.floor(Date.now() / 1000 - process.uptime()),
  );
  measureEventLoop(registry);
}

/** How late timers are: the one number that says that something computes where it should wait. */
function measureEventLoop(registry: Registry): void {
  let worst = 0;
  let due = performance.now() + tickMs;
  const timer = setInterval(() => {
    worst = Math.max(worst, performance.now() - due);
    due = performance.now() + tickMs;
  }, tickMs);
  timer.unref?.();
  new Gauge({
    name: "process_event_loop_lag_max_seconds",
    help: "The latest timer since the last scrape",
    registers: [registry],
    collect() {
      this.set(Math.max(0, worst) / 1000);
      worst = 0;
    },
  });
}
