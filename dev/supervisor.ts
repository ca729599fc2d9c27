import type { Instance } from "#dev/instance.ts";
import { logTail, runningPid } from "#dev/processes.ts";
import { launch, type Part, waitHealthy } from "#dev/product.ts";
import { Stop, say } from "#dev/say.ts";

const restartPausesMs = [500, 1_000, 2_000, 5_000, 10_000, 30_000];
const STEADY_MS = 60_000;

export type Supervision = { stop(): void };

/**
 * Starts the parts, waits until each is healthy, and from then on starts again what ends by itself,
 * with a visible line and a growing pause.
 */
export const supervise = async (instance: Instance, parts: Part[]): Promise<Supervision> => {
  let stopping = false;
  let steady = false;
  const failures = new Map<string, number>();

  const watch = async (part: Part): Promise<void> => {
    while (!stopping) {
      const began = Date.now();
      const child = launch(instance, part);
      if (!child)
        throw new Stop(`${part.name} runs already, but not under this command; run make down first`);
      await child.exited;
      if (stopping || !steady) return;
      const count = Date.now() - began > STEADY_MS ? 0 : (failures.get(part.name) ?? 0);
      failures.set(part.name, count + 1);
      const pauseMs = restartPausesMs[Math.min(count, restartPausesMs.length - 1)] ?? 30_000;
      const how = child.signalCode ?? `code ${child.exitCode}`;
      const tail = logTail(`${instance.logDir}/${part.name}.log`, 3).replaceAll(/^/gm, "           ");
      say(`! ${part.name} ended (${how}); it starts again in ${pauseMs / 1000} s. Its log ends:\n${tail}`);
      await Bun.sleep(pauseMs);
    }
  };

  const up = async (part: Part): Promise<void> => {
    const watching = watch(part);
    await Promise.race([waitHealthy(instance, part), watching.then(() => waitHealthy(instance, part))]);
    say(`${part.name} is up`);
  };
  await Promise.all(parts.map(up));
  steady = true;
  return {
    stop: () => {
      stopping = true;
    },
  };
};

const servers = ["postgres", "redis", "sqs", "ceph-mon", "ceph-osd", "radosgw", "oidc"];

/** Looks every second whether a rented server ended by itself, and has it started again. */
export const watchServers = (instance: Instance, startAgain: () => Promise<unknown>): Supervision => {
  const watched = servers.filter((name) => runningPid(instance.runDir, name) !== null);
  let stopping = false;
  const look = async (): Promise<void> => {
    while (!stopping) {
      const gone = watched.filter((name) => runningPid(instance.runDir, name) === null);
      if (gone.length > 0 && !stopping) {
        say(`! ${gone.join(", ")} ended; starting again`);
        try {
          await startAgain();
        } catch (error) {
          say(`! ${error instanceof Error ? error.message : error}`);
          await Bun.sleep(5_000);
        }
      }
      await Bun.sleep(1_000);
    }
  };
  void look();
  return {
    stop: () => {
      stopping = true;
    },
  };
};
