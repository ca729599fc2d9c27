import { parseArgs } from "node:util";
import { readOutside } from "#dev/environment.ts";
import { openInstance } from "#dev/instance.ts";
import { runningPid } from "#dev/processes.ts";
import { runCommand, Stop, say } from "#dev/say.ts";
import { startServers, stopServers } from "#dev/servers.ts";

const usage = "usage: bun dev/stack.ts up|down|status [--instance dev|test|…]";

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { instance: { type: "string", default: "dev" } },
  });
  if (!/^[a-z][a-z0-9-]{0,20}$/.test(values.instance))
    throw new Stop("an instance is named in small letters");
  const instance = await openInstance(values.instance);
  switch (positionals[0]) {
    case "up":
      await startServers(instance, readOutside(process.env));
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
