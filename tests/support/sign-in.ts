import { readFileSync } from "node:fs";
import { join } from "node:path";
import { passwordOf, people } from "#dev/people.ts";

export type DemoPerson = "mara" | "milo" | "edo" | "rita" | "vic" | "otto";

interface Secrets {
  demo: string;
  oidcScripts: string;
}
const secrets = () =>
  JSON.parse(readFileSync(join(import.meta.dir, "../../.rushes/test/secrets.json"), "utf8")) as Secrets;

const demoPerson = (id: DemoPerson) => {
  const person = people.find((one) => one.id === id);
  if (!person) throw new Error(`${id} is no demo person`);
  return { ...person, password: passwordOf(person, secrets().demo) };
};

/** Cookies by name, as one browser keeps them for one host. */
export class Jar {
  readonly #cookies = new Map<string, string>();

  keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "" || /max-age=0\b/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }

  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  get(name: string): string | undefined {
    return this.#cookies.get(name);
  }
}

/** Walks through the provider's pages as this person, from its authorization URL to the callback URL it answers with. */
export async function passProvider(authorizationUrl: string, who: DemoPerson): Promise<URL> {
  const jar = new Jar();
  const { email, password } = demoPerson(who);
  let url = new URL(authorizationUrl);
  const { origin } = url;
  for (let hops = 0; hops < 10; hops++) {
    if (url.origin !== origin) return url;
    const isLogin = url.pathname.startsWith("/login/");
    const response = await fetch(url, {
      redirect: "manual",
      headers: { cookie: jar.header },
      ...(isLogin ? { method: "POST", body: new URLSearchParams({ email, password }) } : {}),
    });
    jar.keep(response);
    const location = response.headers.get("location");
    if (!location) throw new Error(`the provider answered ${response.status} at ${url.pathname}`);
    url = new URL(location, url);
  }
  throw new Error("the provider leads in circles");
}

/** A JWT of the issuer for this person, as scripts get one. */
export async function tokenOf(issuer: string, who: DemoPerson): Promise<string> {
  const { email, password } = demoPerson(who);
  const response = await fetch(new URL("/token", issuer), {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`rushes-scripts:${secrets().oidcScripts}`)}` },
    body: new URLSearchParams({ grant_type: "password", username: email, password }),
  });
  const { access_token } = (await response.json()) as { access_token?: string };
  if (!access_token) throw new Error(`the provider answered ${response.status}`);
  return access_token;
}
