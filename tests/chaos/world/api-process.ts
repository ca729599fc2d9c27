import { join } from "node:path";
import { eventually } from "#tests/support/eventually.ts";
import { freePort } from "./port.ts";

const root = join(import.meta.dir, "../../..");

/** The real API with relay and triggers, as a process that may be killed. */
export interface ApiProcess {
  readonly base: string;
  readonly pid: number;
  readonly isAlive: boolean;
  kill(signal: NodeJS.Signals): void;
  exited: Promise<number>;
}

export async function startApi(
  env: Record<string, string>,
  { port }: { port?: number } = {},
): Promise<ApiProcess> {
  const own = port ?? (await freePort());
  const child = Bun.spawn([process.execPath, "functions/serve.ts"], {
    cwd: root,
    env: { ...processEnv(), ...env, API_PORT: String(own), API_HOST: "127.0.0.1" },
    stdout: process.env.TEST_LOG ? "inherit" : "ignore",
    stderr: process.env.TEST_LOG ? "inherit" : "ignore",
  });
  const base = `http://127.0.0.1:${own}/api`;
  let isAlive = true;
  const exited = child.exited.then((code) => {
    isAlive = false;
    return code;
  });
  await eventually(
    async () => {
      if (!isAlive) throw new Error("the API process ended at once");
      const { ok } = await fetch(`${base}/healthz`, { signal: AbortSignal.timeout(1_000) });
      if (!ok) throw new Error("not healthy");
    },
    { withinMs: 30_000 },
  );
  return {
    base,
    pid: child.pid,
    get isAlive() {
      return isAlive;
    },
    kill: (signal) => child.kill(signal),
    exited,
  };
}

function processEnv(): Record<string, string> {
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}) };
}
