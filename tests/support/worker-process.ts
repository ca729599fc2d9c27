import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PreviewRoom } from "./previews.ts";

export interface WorkerProcess {
  pid: number;
  scratch: string;
  log(): string;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code, or the signal that ended it. */
  ended: Promise<number | string>;
  /** Kills it if it lives, and removes its scratch. */
  remove(): Promise<void>;
}

/** The worker as it runs in production: its own process, only its environment. */
export async function spawnWorker(
  room: Pick<PreviewRoom, "environment">,
  env: Record<string, string> = {},
  /** Words before the command, which find the scratch folder in `SCRATCH_PATH`. */
  under: string[] = ["nice"],
): Promise<WorkerProcess> {
  const scratch = await mkdtemp(join(tmpdir(), "rushes-process-"));
  const [first = "", ...rest] = [...under, process.execPath, join(import.meta.dir, "../../gpu/worker.ts")];
  const child: ChildProcess = spawn(first, rest, {
    env: {
      PATH: process.env.PATH ?? "",
      ...room.environment,
      LOG_LEVEL: "info",
      SCRATCH_PATH: scratch,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  }
  const ended = new Promise<number | string>((resolve) =>
    child.on("exit", (code, signal) => resolve(code ?? signal ?? "")),
  );
  return {
    pid: child.pid ?? 0,
    scratch,
    log: () => text,
    signal: (name) => void child.kill(name),
    ended,
    async remove() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await ended;
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** Processes whose command line mentions `text`. */
export async function processesWith(text: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const command = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    if (command.includes(text)) found.push({ pid: Number(name), command: command.replaceAll("\0", " ") });
  }
  return found;
}
