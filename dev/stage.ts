import { join } from "node:path";
import { writeAccess } from "#dev/access.ts";
import { type Environment, readOutside } from "#dev/environment.ts";
import { type Instance, openInstance, repoRoot } from "#dev/instance.ts";
import { migrateDatabase } from "#dev/migrate.ts";
import { type PortName, portNames, serverPorts } from "#dev/ports.ts";
import { runningPid, withLock } from "#dev/processes.ts";
import { launch, presentParts, productParts, stopProduct, waitHealthy } from "#dev/product.ts";
import { say, title } from "#dev/say.ts";
import { seedPeople } from "#dev/seed.ts";
import { startServers, stopServers } from "#dev/servers.ts";
import { buildSite } from "#dev/site-build.ts";

/**
 * The test instance for suites and benches: servers when somebody needs them, the product on top for those
 * that know it from outside. Closing stops what was not up before.
 */
export const openStage = () => {
  let instance: Instance | null = null;
  let environment: Environment | null = null;
  let serversAreOurs = false;
  let productIsOurs = false;

  const open = async (claim: readonly PortName[]): Promise<[Instance, Environment]> => {
    const opened = await openInstance("test", { claim });
    serversAreOurs ||= runningPid(opened.runDir, "postgres") === null;
    instance = opened;
    environment = await withLock(opened.runDir, "starting", () =>
      startServers(opened, readOutside(process.env)),
    );
    return [opened, environment];
  };
  const servers = async (): Promise<[Instance, Environment]> => {
    if (instance && environment) return [instance, environment];
    title("local servers");
    return open(serverPorts);
  };
  return {
    servers,
    async product(): Promise<Record<string, string>> {
      if (!productIsOurs) {
        title("the product");
        const [on, env] = await open(portNames);
        productIsOurs = true;
        const log = join(on.logDir, "site-build.log");
        say((await buildSite(log)) ? "site is built" : "site was built already");
        await migrateDatabase(env.POSTGRES_URL ?? "");
        await stopProduct(on);
        const parts = presentParts(productParts(on, env));
        for (const part of parts) launch(on, part);
        await Promise.all(parts.map((part) => waitHealthy(on, part)));
        writeAccess(on, env, await seedPeople(on, env));
        say(`${parts.map(({ name }) => name).join(", ")} are up; logs in ${on.logDir}`);
      }
      return { RUSHES_ACCESS: join(repoRoot, ".rushes/test/access.json") };
    },
    async close(): Promise<void> {
      if (!instance) return;
      if (productIsOurs) await stopProduct(instance);
      if (serversAreOurs) await stopServers(instance);
    },
  };
};
