import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openInstance, repoRoot, sharedDataDir } from "#dev/instance.ts";
import { run, stopDaemon } from "#dev/processes.ts";
import { stopProduct } from "#dev/product.ts";
import { runCommand, say } from "#dev/say.ts";
import { stopServers } from "#dev/servers.ts";

/** What a folder really takes: the storage's disk is a sparse file. */
const bytesOf = async (dir: string): Promise<number> =>
  Number.parseInt((await run(["du", "-s", "--block-size=1", dir])).stdout, 10);

/** Stops every instance of this clone and deletes its data. Bun and the npm packages stay. */
const main = async (): Promise<number> => {
  const home = join(repoRoot, ".rushes");
  const instances = existsSync(home)
    ? readdirSync(home).filter((name) => existsSync(join(home, name, "ports.json")))
    : [];
  for (const name of instances) {
    const instance = await openInstance(name, { claim: [] });
    await stopDaemon(instance.runDir, "supervisor", { graceMs: 60_000 });
    await stopProduct(instance);
    await stopServers(instance);
    const bytes = await bytesOf(instance.dir);
    rmSync(instance.dir, { recursive: true, force: true });
    say(`${name} is gone, ${(bytes / 1024 ** 3).toFixed(1)} GiB are free again`);
  }
  for (const rest of ["dev.json", "bench.json", "reports"])
    rmSync(join(home, rest), { recursive: true, force: true });
  rmSync(sharedDataDir(), { recursive: true, force: true });
  return 0;
};

await runCommand(main);
