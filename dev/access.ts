import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { adminEnvironment, type Environment, readOutside } from "#dev/environment.ts";
import { type Instance, repoRoot, storageUsers, writePrivate } from "#dev/instance.ts";
import { passwordOf, people } from "#dev/people.ts";
import type { Demo } from "#dev/seed.ts";

/** `.rushes/dev.json` for people and outside clients; other instances keep theirs in their folder. */
const accessFile = (instance: Instance): string =>
  instance.name === "dev" ? join(repoRoot, ".rushes/dev.json") : join(instance.dir, "access.json");

/** The public face of `make dev`: all that a person, a script or an outside client needs to drive it. */
export type Access = ReturnType<typeof describe>;

const describe = (instance: Instance, environment: Environment, demo: Demo) => {
  const admin = adminEnvironment(instance, readOutside(process.env));
  const all: Environment = { ...environment, ...admin, people: "" };
  const keyOf = (user: string) => ({
    accessKeyId: all[`S3_${user}_ACCESS_KEY_ID`] ?? "",
    secretAccessKey: all[`S3_${user}_SECRET_ACCESS_KEY`] ?? "",
  });
  const site = environment.PUBLIC_SITE_BASE ?? "";
  const reviewUrl = demo.versionId ? `${site}/a/${demo.assetId}` : null;
  return {
    urls: {
      api: environment.PUBLIC_API_BASE ?? "",
      site,
      edge: environment.PUBLIC_EDGE_BASE ?? "",
      oidc: environment.OIDC_ISSUER ?? "",
      purge: environment.EDGE_PURGE_URLS ?? "",
      worker: `http://127.0.0.1:${instance.ports.workerMetrics}`,
    },
    people: people.map((person) => ({ ...person, password: passwordOf(person, instance.secrets.demo) })),
    apiKey: demo.apiKey ?? null,
    project: { id: demo.projectId ?? null, name: "Demo" },
    asset: { id: demo.assetId ?? null, versionId: demo.versionId ?? null },
    reviewUrl,
    shareUrl: demo.shareUrl ?? null,
    sharePassphrase: demo.sharePassphrase ?? null,
    storage: {
      endpoint: environment.WASABI_ENDPOINT ?? "",
      region: environment.WASABI_REGION ?? "",
      buckets: {
        staging: environment.BUCKET_STAGING ?? "",
        masters: environment.BUCKET_MASTERS ?? "",
        previews: environment.BUCKET_PREVIEWS ?? "",
        docs: environment.BUCKET_DOCS ?? "",
      },
      keys: Object.fromEntries(storageUsers.map((user) => [user.toLowerCase(), keyOf(user)])),
    },
    oidc: {
      issuer: environment.OIDC_ISSUER ?? "",
      audience: environment.OIDC_AUDIENCE ?? "",
      clientId: environment.OIDC_CLIENT_ID ?? "",
      clientSecret: environment.OIDC_CLIENT_SECRET ?? "",
      scriptsClientId: admin.OIDC_SCRIPTS_CLIENT_ID,
      scriptsClientSecret: admin.OIDC_SCRIPTS_SECRET,
    },
    databases: {
      postgres: environment.POSTGRES_URL ?? "",
      postgresAdmin: admin.POSTGRES_ADMIN_URL,
      redis: environment.REDIS_URL ?? "",
    },
    edge: { signingKey: environment.EDGE_SIGNING_KEY ?? "", purgeKey: environment.EDGE_PURGE_KEY ?? "" },
    logs: instance.logDir,
  };
};

export const writeAccess = async (
  instance: Instance,
  environment: Environment,
  demo: Demo,
): Promise<void> => {
  writePrivate(accessFile(instance), `${JSON.stringify(describe(instance, environment, demo), null, 2)}\n`);
};

/** Says where things are and who may sign in. */
export const printAccess = (instance: Instance): void => {
  const file = accessFile(instance);
  if (!existsSync(file)) return;
  const access = JSON.parse(readFileSync(file, "utf8")) as Access;
  const rows = access.people.map(
    ({ name, email, password, role, admin }) =>
      `    ${name.padEnd(16)}${email.padEnd(22)}${password.padEnd(18)}${role ?? "no member"}${admin ? ", admin" : ""}`,
  );
  process.stdout.write(`
  Rushes runs.

  Site      ${access.urls.site}
  API       ${access.urls.api}   (description: ${access.urls.api}/docs)
  Edge      ${access.urls.edge}
  Sign-in   ${access.urls.oidc}

  Review the demo clip:  ${access.reviewUrl ?? "-"}
  As a guest:            ${access.shareUrl ?? "-"}   passphrase ${access.sharePassphrase ?? "-"}

  People (email, password, role in the project Demo):
${rows.join("\n")}

  For scripts: .rushes/dev.json     Logs: ${access.logs}

`);
};
