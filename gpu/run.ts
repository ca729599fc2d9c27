import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { ProcessLimits, Sandbox } from "./sandbox.ts";

export interface RunProgress {
  outSeconds: number;
  speed: number | null;
  frame: number;
}

export interface RunOptions {
  command: "ffmpeg" | "ffprobe";
  argv: string[];
  cwd: string;
  limits: ProcessLimits;
  signal: AbortSignal;
  /** Writes the program's input and ends it; `failed` aborts when the program ended badly. A fault in it ends the run. */
  feed?: (sink: Writable, failed: AbortSignal) => Promise<void>;
  onStdout?: (chunk: Buffer) => void;
  /** The command was given `-progress pipe:3`. */
  onProgress?: (progress: RunProgress) => void;
}

export interface RunResult {
  code: number | null;
  killedBy: string | null;
  /** Lines that ffmpeg marks as error or fatal: the first and the last of them. */
  errors: string[];
  /** The end of everything on stderr. */
  tail: string;
}

const TAIL_CHARACTERS = 32_768;
const KEPT_ERRORS = 40;

/** What a program without a home, a display or a proxy needs. */
function environment(): Record<string, string> {
  const kept = [
    "PATH",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
  ];
  const own = Object.entries(process.env).filter(
    ([name, value]) => kept.includes(name) && value !== undefined,
  );
  return {
    ...(Object.fromEntries(own) as Record<string, string>),
    LC_ALL: "C.UTF-8",
    HOME: "/nonexistent",
    AV_LOG_FORCE_NOCOLOR: "1",
  };
}

/**
 * Runs one program in the sandbox, in its own process group, and resolves when it and its pipes are closed.
 * Aborting kills the whole group; the promise then rejects with the signal's reason.
 */
export async function run(sandbox: Sandbox, options: RunOptions): Promise<RunResult> {
  options.signal.throwIfAborted();
  const wrapped = sandbox.wrap(options.command, options.argv, options.limits);
  const child = spawn(wrapped.command, wrapped.argv, {
    cwd: options.cwd,
    env: environment(),
    detached: true,
    stdio: [options.feed ? "pipe" : "ignore", "pipe", "pipe", options.onProgress ? "pipe" : "ignore"],
  });
  const kill = () => killGroup(child);
  options.signal.addEventListener("abort", kill, { once: true });
  const log = collectLog(child);
  child.stdout?.on("data", (chunk: Buffer) => options.onStdout?.(chunk));
  if (options.onProgress) readProgress(child.stdio[3] as Readable, options.onProgress);
  let fault: unknown;
  const failed = new AbortController();
  const feeding =
    options.feed && child.stdin
      ? options.feed(child.stdin, failed.signal).catch((cause) => {
          fault = cause;
          kill();
        })
      : undefined;
  let ended: { code: number | null; killedBy: string | null };
  try {
    ended = await new Promise((resolve, reject) => {
      child.on("error", (cause) => {
        failed.abort();
        reject(cause);
      });
      child.on("close", (code, killedBy) => {
        if (code !== 0) failed.abort();
        resolve({ code, killedBy });
      });
    });
  } finally {
    options.signal.removeEventListener("abort", kill);
    kill();
    await feeding;
  }
  options.signal.throwIfAborted();
  if (fault !== undefined) throw fault;
  return { ...ended, ...log() };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL"); // before setsid there is no group yet
  }
}

function collectLog(child: ChildProcess): () => { errors: string[]; tail: string } {
  let tail = "";
  let rest = "";
  const errors: string[] = [];
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-TAIL_CHARACTERS);
    const lines = (rest + text).split(/[\r\n]+/);
    rest = (lines.pop() ?? "").slice(-2000);
    for (const line of lines) {
      if (!/\[(error|fatal|panic)\]/.test(line)) continue;
      if (errors.length >= KEPT_ERRORS) errors.splice(KEPT_ERRORS / 2, 1);
      errors.push(line.slice(0, 500));
    }
  });
  return () => ({ errors: /\[(error|fatal|panic)\]/.test(rest) ? [...errors, rest] : errors, tail });
}

function readProgress(stream: Readable, report: (progress: RunProgress) => void): void {
  let rest = "";
  let fields: Record<string, string> = {};
  stream.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [name = "", value = ""] = line.split("=");
      fields[name] = value.trim();
      if (name !== "progress") continue;
      report({
        outSeconds: Math.max(0, Number(fields.out_time_us) / 1e6 || 0),
        speed: Number.parseFloat(fields.speed ?? "") || null,
        frame: Number(fields.frame) || 0,
      });
      fields = {};
    }
  });
  stream.on("error", () => {}); // ends with the process
}
