import { ask } from "./api.ts";

export interface Session {
  id: string;
  name: string;
  email: string;
  admin: boolean;
}

const freshMs = 5000;
const most = 2000;
const known = new Map<string, { session: Session; until: number }>();

/**
 * Who is signed in; undefined when nobody, the API's status when it does not say. Remembered for a few seconds, since it
 * only says what the frame of a page shows: what a person may see is decided by the API on every request.
 */
export async function sessionOf(request: Request): Promise<Session | undefined | number> {
  const secret = /(?:^|;\s*)[\w-]*rushes_session=([^;]+)/.exec(request.headers.get("cookie") ?? "")?.[1];
  if (!secret) return undefined;
  const held = known.get(secret);
  if (held && held.until > performance.now()) return held.session;
  const answer = await ask<{ person: Session | null }>(request, "/session");
  if (!answer.ok) {
    known.delete(secret);
    return answer.status === 401 ? undefined : answer.status;
  }
  const session = answer.value.person ?? undefined;
  if (known.size >= most) known.clear();
  if (session) known.set(secret, { session, until: performance.now() + freshMs });
  return session;
}
