import type { Storage } from "#core/storage/storage.ts";
import type { Device } from "./device.ts";
import type { Caps } from "./limits.ts";
import type { Sandbox } from "./sandbox.ts";

/** What every build of this process uses. */
export interface Tools {
  storage: Storage;
  sandbox: Sandbox;
  device: Device;
  caps: Caps;
  /** This process's folder on the scratch disk. */
  scratchBase: string;
  scratchMaxBytes: number;
  /** Masters up to this size are copied to the scratch disk before they are decoded. */
  fileBytes: number;
  /** Multiplies the time a build may take; 1 but for machines much slower than usual. */
  deadlineFactor: number;
  /** Part of the content address: changes when other bytes come out. */
  toolVersion: string;
  fontFile: string | null;
}
