import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Api, openApi, personToken, uploadFile, waitForState } from "#dev/api-client.ts";
import { demoClip, makeClip } from "#dev/clip.ts";
import type { Environment } from "#dev/environment.ts";
import { type Instance, writePrivate } from "#dev/instance.ts";
import { type Person, passwordOf, people } from "#dev/people.ts";
import { say } from "#dev/say.ts";

/** What the demo consists of; written down after each step, so that an interrupted seed goes on. */
export type Demo = {
  projectId?: string | undefined;
  apiKey?: string | undefined;
  assetId?: string | undefined;
  versionId?: string | undefined;
  commented?: boolean | undefined;
  shareUrl?: string | undefined;
  sharePassphrase?: string | undefined;
};

const demoFile = (instance: Instance) => join(instance.dir, "demo.json");

export const savedDemo = (instance: Instance): Demo => {
  const file = demoFile(instance);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Demo) : {};
};

type Note = {
  by: string;
  frame: number;
  endFrame?: number;
  text: string;
  replies?: [string, string][];
  resolved?: boolean;
};

const notes: Note[] = [
  {
    by: "rita",
    frame: 37,
    text: "The ball leaves its path here for a moment. Is that intended?",
    replies: [
      ["edo", "Yes, it turns on the beat. I can soften it."],
      ["rita", "Please do, two or three frames are enough."],
    ],
  },
  {
    by: "mara",
    frame: 96,
    endFrame: 143,
    text: "The warm band gets too heavy over these two seconds. Take it down by half a stop.",
  },
  { by: "edo", frame: 168, text: "Timecode checked against the edit, it matches.", resolved: true },
  { by: "rita", frame: 264, text: "Sound and picture are in sync here: the pop sits on the second." },
];

const tokenOf = (instance: Instance, environment: Environment, person: Person): Promise<string> =>
  personToken(
    environment,
    { id: "rushes-scripts", secret: instance.secrets.oidcScripts },
    { email: person.email, password: passwordOf(person, instance.secrets.demo) },
  );

const isThere = async (api: Api, path: string): Promise<boolean> => {
  try {
    await api.get(path);
    return true;
  } catch {
    return false;
  }
};

const comment = async (apiOf: (id: string) => Promise<Api>, versionId: string): Promise<void> => {
  for (const { by, replies = [], resolved, ...note } of notes) {
    const author = await apiOf(by);
    const { id } = await author.post<{ id: string }>("/comments", { versionId, ...note });
    for (const [who, text] of replies)
      await (await apiOf(who)).post("/comments", { versionId, frame: note.frame, text, replyTo: id });
    if (resolved) await author.post(`/comments/${id}/resolve`, { resolved: true });
  }
};

const demoClipFile = async (instance: Instance): Promise<string> => {
  const file = join(instance.dir, "demo-clip.mp4");
  await makeClip(demoClip, file, join(instance.logDir, "demo-clip.log"));
  return file;
};

/** Begins to make the demo clip, which takes a while, unless the demo has it already. */
export const beginClip = (instance: Instance): Promise<string> | null => {
  if (savedDemo(instance).versionId) return null;
  const clip = demoClipFile(instance);
  // Its failure is told where the clip is used; until then it must not count as unhandled.
  clip.catch(() => {});
  return clip;
};

type Seeding = {
  demo(): Demo;
  keep(more: Demo): void;
  apiOf(id: string): Promise<Api>;
  base: string;
};

const open = (instance: Instance, environment: Environment): Seeding => {
  const base = environment.PUBLIC_API_BASE ?? "";
  const apis = new Map<string, Promise<Api>>();
  let demo = savedDemo(instance);
  return {
    base,
    demo: () => demo,
    keep: (more) => {
      demo = { ...demo, ...more };
      writePrivate(demoFile(instance), `${JSON.stringify(demo, null, 2)}\n`);
    },
    apiOf: (id) => {
      const person = people.find((one) => one.id === id)!;
      const known =
        apis.get(id) ?? tokenOf(instance, environment, person).then((token) => openApi(base, token));
      apis.set(id, known);
      return known;
    },
  };
};

const nothing: Required<{ [Name in keyof Demo]: undefined }> = {
  projectId: undefined,
  apiKey: undefined,
  assetId: undefined,
  versionId: undefined,
  commented: undefined,
  shareUrl: undefined,
  sharePassphrase: undefined,
};

/** The project Demo, its people in their roles, and the manager's API key. */
const seedRoom = async ({ demo, keep, apiOf, base }: Seeding): Promise<Api> => {
  const { apiKey, projectId: known } = demo();
  if (apiKey && known) {
    const manager = openApi(base, apiKey);
    if (await isThere(manager, `/projects/${known}`)) return manager;
    // Another database than last time: the notes about the old one are worth nothing.
    keep(nothing);
  }
  const mara = await apiOf("mara");
  const { id: projectId } = await mara.post<{ id: string }>("/projects", {
    name: "Demo",
    reviewersMayDownload: true,
  });
  for (const { id, name, email, role } of people) {
    // Everyone signs in once; Otto stays outside.
    await (await apiOf(id)).get("/session");
    if (role && id !== "mara") await mara.post(`/projects/${projectId}/members`, { email, name, role });
  }
  const key = await mara.post<{ secret: string }>("/keys", {
    name: "Local scripts",
    scopes: ["read", "upload", "comment", "manage", "admin"],
  });
  keep({ projectId, apiKey: key.secret });
  return openApi(base, key.secret);
};

/** People, project and key alone: for tests, which bring clips of their own. */
export const seedPeople = async (instance: Instance, environment: Environment): Promise<Demo> => {
  const seeding = open(instance, environment);
  await seedRoom(seeding);
  return seeding.demo();
};

/**
 * Puts the demo there through the public API: a project with its people, a clip through presign, PUT, promote
 * and the worker, comments, a share. What a former run did is not repeated.
 */
export const seed = async (
  instance: Instance,
  environment: Environment,
  clip: Promise<string> | null,
): Promise<Demo> => {
  const seeding = open(instance, environment);
  const { demo, keep, apiOf } = seeding;
  const manager = await seedRoom(seeding);
  const { projectId = "", versionId: known } = demo();
  // Somebody deleted the clip: the link that is printed should still lead somewhere.
  if (known && !(await isThere(manager, `/versions/${known}`)))
    keep({ ...nothing, projectId, apiKey: demo().apiKey });
  if (!demo().versionId) {
    const file = await (clip ?? demoClipFile(instance));
    const { assetId, versionId } = await uploadFile(manager, {
      projectId,
      name: "Rushes demo.mp4",
      contentType: "video/mp4",
      file,
    });
    keep({ assetId, versionId });
    say("demo clip is uploaded");
  }
  const versionId = demo().versionId ?? "";
  await waitForState(manager, versionId, ["playable", "ready"], 180_000);
  if (!demo().commented) {
    await comment(apiOf, versionId);
    keep({ commented: true });
  }
  if (!demo().shareUrl) {
    const sharePassphrase = `demo-${instance.secrets.demo.slice(0, 4).toLowerCase()}`;
    const share = await (await apiOf("mara")).post<{ url: string }>("/shares", {
      projectId,
      name: "Demo for guests",
      versionIds: [versionId],
      passphrase: sharePassphrase,
      allow: { comment: true, approve: true, download: false, upload: false },
    });
    keep({ shareUrl: share.url, sharePassphrase });
  }
  return demo();
};
