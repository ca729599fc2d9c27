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
  projectId?: string;
  apiKey?: string;
  assetId?: string;
  versionId?: string;
  commented?: boolean;
  shareUrl?: string;
  sharePassphrase?: string;
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

/**
 * Puts the demo there through the public API: a project with its people, a clip through presign, PUT, promote
 * and the worker, comments, a share. What a former run did is not repeated.
 */
export const seed = async (
  instance: Instance,
  environment: Environment,
  clip: Promise<string> | null,
): Promise<Demo> => {
  const base = environment.PUBLIC_API_BASE ?? "";
  const apis = new Map<string, Promise<Api>>();
  const apiOf = (id: string): Promise<Api> => {
    const person = people.find((one) => one.id === id)!;
    const known =
      apis.get(id) ?? tokenOf(instance, environment, person).then((token) => openApi(base, token));
    apis.set(id, known);
    return known;
  };
  let demo = savedDemo(instance);
  const keep = (more: Demo): void => {
    demo = { ...demo, ...more };
    writePrivate(demoFile(instance), `${JSON.stringify(demo, null, 2)}\n`);
  };
  const complete = demo.shareUrl && demo.apiKey && demo.versionId;
  if (complete && (await isThere(openApi(base, demo.apiKey ?? ""), `/versions/${demo.versionId}`)))
    return demo;

  const mara = await apiOf("mara");
  // Another database than last time: the notes about the old one are worth nothing.
  if (demo.projectId && !(await isThere(mara, `/projects/${demo.projectId}`))) demo = {};
  if (!demo.projectId) {
    const { id } = await mara.post<{ id: string }>("/projects", { name: "Demo", reviewersMayDownload: true });
    keep({ projectId: id });
  }
  const projectId = demo.projectId ?? "";
  for (const { id, name, email, role } of people) {
    // Everyone signs in once; Otto stays outside.
    await (await apiOf(id)).get("/session");
    if (role && id !== "mara" && !demo.versionId)
      await mara.post(`/projects/${projectId}/members`, { email, name, role });
  }
  if (!demo.apiKey) {
    const key = await mara.post<{ secret: string }>("/keys", {
      name: "Local scripts",
      scopes: ["read", "upload", "comment", "manage", "admin"],
    });
    keep({ apiKey: key.secret });
  }
  const manager = openApi(base, demo.apiKey ?? "");
  if (!demo.versionId) {
    const file = await (clip ?? demoClipFile(instance));
    say("the demo clip is uploaded");
    const name = "Rushes demo.mp4";
    keep(await uploadFile(manager, { projectId, name, contentType: "video/mp4", file }));
  }
  const versionId = demo.versionId ?? "";
  await waitForState(manager, versionId, ["playable", "ready"], 180_000);
  if (!demo.commented) {
    await comment(apiOf, versionId);
    keep({ commented: true });
  }
  if (!demo.shareUrl) {
    const sharePassphrase = `demo-${instance.secrets.demo.slice(0, 4).toLowerCase()}`;
    const share = await mara.post<{ url: string }>("/shares", {
      projectId,
      name: "Demo for guests",
      versionIds: [versionId],
      passphrase: sharePassphrase,
      allow: { comment: true, approve: true, download: false, upload: false },
    });
    keep({ shareUrl: share.url, sharePassphrase });
  }
  return demo;
};
