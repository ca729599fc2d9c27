import { ask } from "./api.ts";

export interface Session {
  id: string;
  name: string;
  email: string;
  admin: boolean;
}

/** Who is signed in; undefined when nobody, `down` when the API cannot say. */
export async function sessionOf(request: Request): Promise<Session | undefined | "down"> {
  if (!request.headers.get("cookie")?.includes("rushes_session=")) return undefined;
  const answer = await ask<{ person: Session | null }>(request, "/session");
  if (answer.ok) return answer.value.person ?? undefined;
  return answer.status === 401 ? undefined : "down";
}
