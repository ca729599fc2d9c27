import { parseArgs } from "node:util";
import { readOutside } from "#dev/environment.ts";
import { openInstance } from "#dev/instance.ts";
import { serverPorts } from "#dev/ports.ts";
import { runningPid, withLock } from "#dev/processes.ts";
import { runCommand, Stop, say } from "#dev/say.ts";
import { startServers, stopServers } from "#dev/servers.ts";

const usage = "usage: bun dev/stack.ts up|down|status [--instance dev|test|…]";

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { instance: { type: "string", default: "dev" } },
  });
  const instance = await openInstance(values.instance, { claim: positionals[0] === "up" ? serverPorts : [] });
  switch (positionals[0]) {
    case "up":
      await withLock(instance.runDir, "starting", () => startServers(instance, readOutside(process.env)));
      say(`${instance.name} is up; its environment is in .rushes/${instance.name}/env.json`);
      return 0;
    case "down":
      await stopServers(instance);
      say(`${instance.name} is down`);
      return 0;
    case "status":
      for (const name of ["postgres", "redis", "ceph-mon", "ceph-osd", "radosgw", "oidc"])
        say(`${name.padEnd(10)} ${runningPid(instance.runDir, name) ?? "-"}`);
      return 0;
    default:
      throw new Stop(usage);
  }
};

await runCommand(main);
