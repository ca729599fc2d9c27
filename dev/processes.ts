import {
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Stop } from "#dev/say.ts";

/** What a pid file holds: the start time tells our process from a later one with the same number. */
type Mark = { pid: number; startedTicks: string };

export type Daemon = {
  name: string;
  argv: string[];
  env?: Record<string, string>;
  cwd?: string;
  logFile: string;
  runDir: string;
};

const pidFile = (runDir: string, name: string) => join(runDir, `${name}.pid`);

/** When a process began, in whatever unit the system gives. Null: gone or a zombie. */
const startedTicks = (pid: number): string | null => {
  if (!existsSync("/proc/self/stat")) {
    const { stdout } = Bun.spawnSync(["ps", "-o", "lstart=", "-p", String(pid)]);
    return stdout.toString().trim().replaceAll(/\s+/g, "_") || null;
  }
  try {
    // Field 22, counted after the command name, which may hold spaces.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
};

const readMark = (file: string): Mark | null => {
  try {
    const [pid, ticks] = readFileSync(file, "utf8").trim().split(" ");
    return pid && ticks ? { pid: Number(pid), startedTicks: ticks } : null;
  } catch {
    return null;
  }
};

/** The pid of a process that this instance started and that still runs; null otherwise. */
export const runningPid = (runDir: string, name: string): number | null => {
  const mark = readMark(pidFile(runDir, name));
  return mark && startedTicks(mark.pid) === mark.startedTicks ? mark.pid : null;
};

/** Records a running process under a name, so that a later command finds and stops exactly this one. */
export const markRunning = (runDir: string, name: string, pid: number): void => {
  const ticks = startedTicks(pid);
  if (ticks) writeFileSync(pidFile(runDir, name), `${pid} ${ticks}\n`, { mode: 0o600 });
};

export const forget = (runDir: string, name: string): void => {
  rmSync(pidFile(runDir, name), { force: true });
};

const MAX_LOG_BYTES = 20_000_000;

/** A log that grew large over many runs is put aside; one former log is kept. */
const turnOver = (logFile: string): void => {
  if (existsSync(logFile) && statSync(logFile).size > MAX_LOG_BYTES) renameSync(logFile, `${logFile}.1`);
};

let refusing = false;

/** From now on nothing is started any more: the command that did so is on its way out. */
export const refuseStarts = (): void => {
  refusing = true;
};

/** Starts a process in a session of its own, its output appended to a log file, and records it. */
export const startDaemon = (daemon: Daemon): Bun.Subprocess => {
  if (refusing) throw new Stop(`${daemon.name} is not started any more`);
  turnOver(daemon.logFile);
  const log = openSync(daemon.logFile, "a", 0o600);
  try {
    const child = Bun.spawn(daemon.argv, {
      env: daemon.env ?? plainEnv(),
      cwd: daemon.cwd ?? "/",
      stdin: "ignore",
      stdout: log,
      stderr: log,
      detached: true,
    });
    markRunning(daemon.runDir, daemon.name, child.pid);
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
};

/** The environment a server needs to start; nothing of the caller's settings leaks into it. */
export const plainEnv = (): Record<string, string> => ({
  PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: process.env.HOME ?? "/",
  LANG: "C.UTF-8",
  TZ: "UTC",
});

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
};

/**
 * Stops one recorded process: `signal` to it alone, then SIGKILL to its whole group after `graceMs`.
 * Returns whether something was running.
 */
export const stopDaemon = async (
  runDir: string,
  name: string,
  options: { signal?: NodeJS.Signals; graceMs?: number } = {},
): Promise<boolean> => {
  const pid = runningPid(runDir, name);
  if (pid === null) {
    forget(runDir, name);
    return false;
  }
  const deadline = Date.now() + (options.graceMs ?? 10_000);
  try {
    process.kill(pid, options.signal ?? "SIGTERM");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
  while (runningPid(runDir, name) !== null && Date.now() < deadline) await Bun.sleep(25);
  signalGroup(pid, "SIGKILL");
  while (runningPid(runDir, name) !== null) await Bun.sleep(25);
  forget(runDir, name);
  return true;
};

export type Output = { code: number; stdout: string; stderr: string };

/** Runs a short command to its end. */
export const run = async (
  argv: string[],
  options: { env?: Record<string, string>; cwd?: string; stdin?: string } = {},
): Promise<Output> => {
  const child = Bun.spawn(argv, {
    env: options.env ?? plainEnv(),
    cwd: options.cwd ?? "/",
    stdin: options.stdin === undefined ? "ignore" : new Blob([options.stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
};

/** As `run`, but anything but exit code 0 stops the command with the program's own words. */
export const runOrStop = async (argv: string[], options: Parameters<typeof run>[1] = {}): Promise<string> => {
  const { code, stdout, stderr } = await run(argv, options);
  if (code !== 0) throw new Stop(`${argv.join(" ")} failed (${code})\n${stderr || stdout}`.trim());
  return stdout;
};

/** The last lines of a log, for a message that explains a failed start. */
export const logTail = (file: string, lines = 12): string =>
  existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n") : "";

/** Waits until `ready` holds; stops with the log's end when the process dies or time runs out. */
export const waitReady = async (
  daemon: Pick<Daemon, "name" | "logFile" | "runDir">,
  ready: () => Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  while (!(await ready())) {
    const dead = runningPid(daemon.runDir, daemon.name) === null;
    if (dead || Date.now() > deadline) {
      const why = dead ? "ended while starting" : `was not ready after ${timeoutMs / 1000} s`;
      throw new Stop(`${daemon.name} ${why}; ${daemon.logFile} ends:\n${logTail(daemon.logFile)}`);
    }
    await Bun.sleep(50);
  }
};

/** The lock is whole from its first moment: a file that is still being written reads as that of somebody who died. */
const takeLock = (runDir: string, name: string): boolean => {
  const mine = `${pidFile(runDir, name)}.${process.pid}`;
  writeFileSync(mine, `${process.pid} ${startedTicks(process.pid)}\n`, { mode: 0o600 });
  try {
    linkSync(mine, pidFile(runDir, name));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
};

/** Takes away the lock of a holder who died. What was taken away may be a new holder's by then: that one goes back. */
const putAside = (runDir: string, name: string): void => {
  const aside = `${name}.${process.pid}`;
  try {
    renameSync(pidFile(runDir, name), pidFile(runDir, aside));
    if (runningPid(runDir, aside) !== null) linkSync(pidFile(runDir, aside), pidFile(runDir, name));
  } catch (error) {
    // Given back, or taken away by another, in the same moment.
    if (!["ENOENT", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    forget(runDir, aside);
  }
};

/**
 * Lets one command at a time do something to an instance; a lock whose holder died is taken over.
 * @param what the lock's name, for files and messages
 */
export const withLock = async <T>(runDir: string, what: string, work: () => Promise<T>): Promise<T> => {
  const name = `${what}.lock`;
  let told = false;
  while (!takeLock(runDir, name)) {
    if (runningPid(runDir, name) === null) {
      putAside(runDir, name);
      continue;
    }
    if (!told) process.stdout.write(`another command is ${what} here, waiting for it\n`);
    told = true;
    await Bun.sleep(200);
  }
  try {
    return await work();
  } finally {
    forget(runDir, name);
  }
};
