/** What is let in when neither the deployment nor the project says otherwise. */
const everyKind = ["video/*", "audio/*", "image/*"];

/** Types that say nothing: the content decides. */
const vague = new Set(["application/octet-stream", "binary/octet-stream", "application/x-binary"]);

/** Containers that are registered under `application/` and carry pictures all the same. */
const hiddenVideo = new Set(["application/mxf", "application/gxf", "application/ogg", "application/mp4"]);

const kindOf = (type: string) => (hiddenVideo.has(type) ? "video" : type.slice(0, type.indexOf("/")));

function covers(entry: string, type: string): boolean {
  if (entry === "*/*" || entry === type) return true;
  return entry.endsWith("/*") && entry.slice(0, -2) === kindOf(type);
}

/** Whether the deployment's list and the project's (null: no list of its own) both let `type` in. */
export function isAllowed(type: string, deployment: readonly string[], project: readonly string[] | null) {
  const lower = type.toLowerCase();
  const lists = [deployment.length ? deployment : everyKind, ...(project ? [project] : [])];
  return lists.every((list) => list.some((entry) => covers(entry.toLowerCase(), lower)));
}

/** A declared type is refused early only when it is plainly something else; browsers often know no better. */
export function isDeclaredAllowed(
  type: string,
  deployment: readonly string[],
  project: readonly string[] | null,
) {
  const lower = type.toLowerCase();
  if (vague.has(lower)) return true;
  if (isAllowed(lower, deployment, project)) return true;
  // A project that takes only `video/quicktime` still lets `video/mp4` try: the content may be QuickTime.
  const kinds = (project ?? (deployment.length ? deployment : everyKind)).map((entry) => kindOf(entry));
  return kinds.includes(kindOf(lower));
}

/** The lists in words, for a refusal. */
export function allowedInWords(deployment: readonly string[], project: readonly string[] | null): string {
  return (project ?? (deployment.length ? deployment : everyKind)).join(", ");
}
