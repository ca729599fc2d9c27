import { computed, signal } from "@preact/signals";
import type { OpenedUpload } from "../api/types.ts";
import type { FileHash } from "./hash.ts";

export type Stage =
  | "queued"
  | "sending"
  | "waiting"
  | "paused"
  | "finishing"
  | "copying"
  | "building"
  | "done"
  | "failed"
  | "interrupted";

export interface Target {
  projectId: string;
  folderId?: string | null;
  assetId?: string;
}

/** One file on its way, from the disk to something one can watch. */
export interface Transfer {
  key: string;
  name: string;
  bytes: number;
  sent: number;
  stage: Stage;
  /** Copying or building, 0..1. */
  progress: number;
  /** Bytes per second, averaged. */
  speed: number;
  reason: string | undefined;
  uploadId: string | undefined;
  assetId: string | undefined;
  target: Target;
}

export interface Work {
  file: File | undefined;
  handle: FileSystemFileHandle | undefined;
  abort: AbortController;
  hash: Promise<FileHash | undefined> | undefined;
  hashAbort: AbortController;
  opened: Promise<OpenedUpload> | undefined;
}

export const transfers = signal<readonly Transfer[]>([]);
export const works = new Map<string, Work>();

/** Requests at once: enough to fill a line, whether by small files or by parts of large ones. */
const lines = 8;
const partsAtOnce = 4;
const smallBytes = 32 * 1024 * 1024;
const linesOf = ({ bytes }: Transfer) => (bytes > smallBytes ? partsAtOnce : 1);

/** The queued transfers that may start now, in their order. */
export function startable(): Transfer[] {
  let free = transfers.value
    .filter(({ stage }) => running(stage))
    .reduce((left, transfer) => left - linesOf(transfer), lines);
  const found: Transfer[] = [];
  for (const transfer of transfers.value.filter(({ stage }) => stage === "queued")) {
    free -= linesOf(transfer);
    if (free < 0) break;
    found.push(transfer);
  }
  return found;
}

export const running = (stage: Stage) => stage === "sending" || stage === "waiting" || stage === "finishing";
/** Bytes would be lost or delayed if the page went away now. */
export const leaving = computed(() =>
  transfers.value.some(({ stage }) => running(stage) || stage === "queued"),
);
/** Counts up when something arrived that a list should show; once a second while much arrives. */
export const arrivals = signal(0);
let isCounting = false;
export function arrived(): void {
  if (isCounting) return;
  isCounting = true;
  setTimeout(() => {
    isCounting = false;
    arrivals.value += 1;
  }, 1000);
}

export function change(key: string, part: Partial<Transfer>): void {
  transfers.value = transfers.value.map((one) => (one.key === key ? { ...one, ...part } : one));
}
export const find = (key: string) => transfers.value.find((one) => one.key === key);

export const newWork = (file: File | undefined, handle: FileSystemFileHandle | undefined): Work => ({
  file,
  handle,
  abort: new AbortController(),
  hash: undefined,
  hashAbort: new AbortController(),
  opened: undefined,
});
