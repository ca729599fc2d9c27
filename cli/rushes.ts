#!/usr/bin/env bun
import { parseArgs } from "node:util";
import { NotMhl } from "#core/custody/read-mhl.ts";
import { type Client, openClient, Refused } from "./client.ts";
import { runDoctor } from "./doctor.ts";
import { download } from "./download.ts";
import { findFiles, findProject, isLoss } from "./files.ts";
import { type Memory, openMemory } from "./memory.ts";
import { openReport, type Report } from "./report.ts";
import { status } from "./status.ts";
import { uploadAll } from "./upload-all.ts";
import { verifyByMhl } from "./verify.ts";
import { watch } from "./watch.ts";

const usage = `rushes: send camera files to Rushes, and check what it keeps

  rushes upload FILE|FOLDER… --project NAME|ID [--asset ID] [--flat] [--again]
                [--wait accepted|locked|ready]
  rushes watch FOLDER --project NAME|ID [--settle SECONDS] [--once]
  rushes status [--project NAME|ID]
  rushes download VERSION [--to FOLDER] [--mhl]
  rushes verify FILE [--mhl [MANIFEST|FOLDER]] [--version VERSION]
  rushes doctor [--clean]

  --json   one JSON object per line on stdout     --quiet   nothing but errors
  --parallel N   requests at once (4)

Environment: RUSHES_API (http://localhost:3000/api), RUSHES_API_KEY (rk_…). doctor reads the server's environment.
Exit: 0 done, 1 something was refused or is not intact, 2 wrong usage, 3 not allowed, 4 not reachable or full, 130 interrupted.
A sidecar FILE.rushes.json {camera, reel, startTimecode, sha256, …} travels with FILE. A call that was stopped goes on
where it was when it is repeated; what it had sent is not sent again.
`;

const options = {
  project: { type: "string", short: "p" },
  asset: { type: "string" },
  flat: { type: "boolean", default: false },
  again: { type: "boolean", default: false },
  wait: { type: "string", default: "locked" },
  settle: { type: "string", default: "5" },
  once: { type: "boolean", default: false },
  to: { type: "string", default: "." },
  version: { type: "string" },
  clean: { type: "boolean", default: false },
  parallel: { type: "string", default: "4" },
  json: { type: "boolean", default: false },
  quiet: { type: "boolean", short: "q", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

class Usage extends Error {
  override name = "Usage";
}

/** `--mhl` may stand alone: then the manifests beside the file are meant, or wanted with a download. */
function takeMhl(args: string[]): { args: string[]; mhl: string | true | undefined } {
  const at = args.findIndex((arg) => arg === "--mhl" || arg.startsWith("--mhl="));
  if (at < 0) return { args, mhl: undefined };
  const alone = args.toSpliced(at, 1);
  const inline = args[at]?.slice("--mhl=".length);
  if (inline) return { args: alone, mhl: inline };
  const [command, ...names] = parse(alone).positionals;
  const next = args[at + 1];
  const isNamed = command === "verify" && names.length === 2 && next !== undefined && names.includes(next);
  return isNamed ? { args: args.toSpliced(at, 2), mhl: next } : { args: alone, mhl: true };
}

/** One call of a command: what was asked for, and what it needs for that. */
interface Call {
  values: ReturnType<typeof parse>["values"];
  names: string[];
  mhl: string | true | undefined;
  parallel: number;
  report: Report;
  signal: AbortSignal;
  connect(): Client;
  /** For commands that send into a project. */
  sending(): Promise<{ projectId: string; deps: { client: Client; report: Report; memory: Memory } }>;
}

const commands: Record<string, (call: Call) => Promise<number>> = {
  async upload({ values, names, parallel, report, signal, sending }) {
    if (names.length === 0) throw new Usage("upload needs files or folders.");
    const waitFor = values.wait;
    if (waitFor !== "accepted" && waitFor !== "locked" && waitFor !== "ready")
      throw new Usage("--wait takes accepted, locked or ready.");
    let isWhole = true;
    const files = findFiles(names, (it) => {
      report[isLoss(it) ? "fault" : "line"](`${it.file}: left out (${it.code})`, {
        event: "left-out",
        ...it,
      });
      if (isLoss(it)) isWhole = false;
    });
    const { projectId, deps } = await sending();
    const asset = values.asset ? { assetId: values.asset } : {};
    const { flat: isFlat, again: isAgain } = values;
    const code = await uploadAll(deps, files, {
      projectId,
      parallel,
      signal,
      isFlat,
      isAgain,
      waitFor,
      ...asset,
    });
    return isWhole ? code : 1;
  },
  async watch({ values, names, parallel, signal, sending }) {
    const folder = only(names, "watch needs a folder.");
    const settleMs = count(values.settle, "--settle", 0, 3600) * 1000;
    const { projectId, deps } = await sending();
    return watch(deps, folder, { projectId, parallel, signal, settleMs, isOnce: values.once });
  },
  async status({ values, report, connect }) {
    const client = connect();
    const projectId = values.project ? await findProject(client, values.project) : undefined;
    return status({ client, report }, projectId);
  },
  async download({ values, names, mhl, report, signal, connect }) {
    const versionId = only(names, "download needs the id of a version.");
    const how = { folder: values.to, withMhl: mhl !== undefined, signal };
    const found = await download({ client: connect(), report }, versionId, how);
    const proof = found.isIntact ? "intact" : "not compared: the server has not read it in full yet";
    report.line(`${found.file}: ${proof}`, { event: "downloaded", versionId, ...found });
    return 0;
  },
  async verify({ values, names, mhl, report, connect }) {
    const from = { mhl: mhl === true ? undefined : mhl, versionId: values.version, connect };
    return verify(report, only(names, "verify needs a file."), from);
  },
  doctor: async ({ values, report }) => runDoctor(report, process.env, { isCleaning: values.clean }),
};

async function main(given: string[], signal: AbortSignal): Promise<number> {
  const { args, mhl } = takeMhl(given);
  const { values, positionals } = parse(args);
  const [command, ...names] = positionals;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (!command) throw new Usage("Which command?");
  const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (!run) throw new Usage(`There is no command "${command}".`);
  const report = openReport({ isJson: values.json, isQuiet: values.quiet });
  const base = (process.env.RUSHES_API ?? "http://localhost:3000/api").replace(/\/+$/, "");
  const connect = () =>
    openClient({
      base,
      key: needed(process.env.RUSHES_API_KEY, "Set RUSHES_API_KEY to an API key (rk_…) of yours."),
      signal,
    });
  const parallel = count(values.parallel, "--parallel", 1, 32);
  const sending = async () => {
    const client = connect();
    const projectId = await findProject(client, needed(values.project, `${command} needs --project.`));
    return { projectId, deps: { client, report, memory: openMemory(`${base}\n${projectId}`) } };
  };
  return run({ values, names, mhl, parallel, report, signal, connect, sending });
}

function needed(value: string | undefined, otherwise: string): string {
  if (!value) throw new Usage(otherwise);
  return value;
}

/** What is named beyond that would pass for done. */
function only([name, ...more]: string[], otherwise: string): string {
  if (more.length > 0) throw new Usage(`One at a time; ${more.join(", ")} would be left out.`);
  return needed(name, otherwise);
}

async function verify(
  report: Report,
  file: string,
  from: {
    mhl: string | undefined;
    versionId: string | undefined;
    connect: () => ReturnType<typeof openClient>;
  },
): Promise<number> {
  const { verifyOnline } = await import("./verify-online.ts");
  const verdict = from.versionId
    ? await verifyOnline(from.connect(), report, file, from.versionId)
    : await verifyByMhl(report, file, from.mhl);
  const words = verdict.isIntact
    ? `${file}: intact (${Object.keys(verdict.hashes).join(", ")})`
    : `${file}: NOT intact\n${verdict.faults.map((fault) => `  ${fault}`).join("\n")}`;
  report[verdict.isIntact ? "line" : "fault"](words, { event: "verified", ...verdict });
  return verdict.isIntact ? 0 : 1;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Usage((error as Error).message);
  }
}

function count(text: string, name: string, least: number, most: number): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number < least || number > most)
    throw new Usage(`${name} takes a number from ${least} to ${most}.`);
  return number;
}

function exitOf(error: unknown, signal: AbortSignal): number {
  if (signal.aborted) return 130;
  if (error instanceof Usage) return 2;
  if (error instanceof Refused && (error.status === 401 || error.status === 403)) return 3;
  if (error instanceof Refused && error.isOutage) return 4;
  return 1;
}

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupted.abort());
const argv = process.argv.slice(2);
const code = await main(argv, interrupted.signal).catch((error: unknown) => {
  const exit = exitOf(error, interrupted.signal);
  const isKnown =
    error instanceof Usage || error instanceof Refused || error instanceof NotMhl || exit === 130;
  const message = exit === 130 ? "interrupted; the same call goes on from here" : (error as Error).message;
  if (argv.includes("--json")) {
    const refusal = error instanceof Refused ? { code: error.code, status: error.status } : {};
    process.stdout.write(`${JSON.stringify({ event: "error", exit, message, ...refusal })}\n`);
  } else
    process.stderr.write(
      `rushes: ${message}\n${error instanceof Usage ? "\nrushes --help shows how.\n" : ""}`,
    );
  if (!isKnown && process.env.RUSHES_DEBUG) console.error(error);
  return exit;
});
process.exit(code);
