import { spawnSync } from "node:child_process";

export interface ProcessLimits {
  /** Address space. Not for CUDA, which reserves far more than it uses. */
  memoryBytes: number | null;
  cpuSeconds: number;
  /** The largest file the process may write. */
  fileBytes: number;
}

export interface Sandbox {
  /** Words to put before a command: no network, limits, death with the parent. Each execs the next. */
  wrap(command: string, argv: string[], limits: ProcessLimits): { command: string; argv: string[] };
  /** What this machine permits, for the start-up log and readiness. */
  offers: { noNetwork: boolean; limits: boolean; diesWithParent: boolean };
}

function works(command: string, argv: string[]): boolean {
  return spawnSync(command, argv, { stdio: "ignore", timeout: 5_000 }).status === 0;
}

/**
 * Finds out once what may be used here. A namespace without network needs root or unprivileged user namespaces;
 * where neither is permitted (the default seccomp profile of Docker) the container's own network policy has to do,
 * and ffmpeg's protocol allow list holds in any case.
 */
export function openSandbox(): Sandbox {
  const network = [["-n"], ["-rn"]].find((flags) => works("unshare", [...flags, "--", "true"]));
  const hasPrlimit = works("prlimit", ["--core=0", "--", "true"]);
  const hasPdeath = works("setpriv", ["--pdeathsig", "KILL", "--", "true"]);
  return {
    offers: { noNetwork: network !== undefined, limits: hasPrlimit, diesWithParent: hasPdeath },
    wrap(command, argv, limits) {
      const words = [
        ...(network ? ["unshare", ...network, "--"] : []),
        // After unshare: changing credentials would clear it.
        ...(hasPdeath ? ["setpriv", "--pdeathsig", "KILL", "--"] : []),
        ...(hasPrlimit ? ["prlimit", ...rlimits(limits), "--"] : []),
        command,
        ...argv,
      ];
      const [first = command, ...rest] = words;
      return { command: first, argv: rest };
    },
  };
}

function rlimits(limits: ProcessLimits): string[] {
  return [
    "--core=0",
    "--nofile=512",
    `--cpu=${Math.ceil(limits.cpuSeconds)}`,
    `--fsize=${Math.ceil(limits.fileBytes)}`,
    ...(limits.memoryBytes === null ? [] : [`--as=${limits.memoryBytes}`]),
  ];
}
