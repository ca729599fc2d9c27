/** One copier in a process of its own, so that a test can kill it. argv: environment as JSON, version id, limits as JSON. */
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import { readConfig } from "#core/config.ts";
import { openResources } from "#core/resources.ts";

const [env = "{}", versionId = "", limits = "{}"] = process.argv.slice(2);
const deps = openResources(readConfig(JSON.parse(env) as Record<string, string>, "api"));
const outcome = await copyToMaster(deps, versionId, { limits: JSON.parse(limits) });
console.log(outcome);
await deps.close();
