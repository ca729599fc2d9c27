import { lifelineOf } from "#core/db/db.ts";
import { Refusal } from "#core/refusal.ts";
import type { Resources } from "#core/resources.ts";

/**
 * Runs a request unless the database is known to be silent, and gives it up at the moment that this is found out.
 * What waits for a free connection would otherwise wait for one deadline after the other.
 */
export async function orOutage({ sql }: Pick<Resources, "sql">, next: () => Promise<void>): Promise<void> {
  const lifeline = lifelineOf(sql);
  if (!lifeline) return next();
  const outage = () =>
    new Refusal("unavailable", "The database does not answer. Nothing is lost; try again shortly.", {
      retryAfterSeconds: 2,
    });
  if (lifeline.isDown) throw outage();
  const { promise: given, reject } = Promise.withResolvers<never>();
  const leave = lifeline.onDown(() => reject(outage()));
  const running = next();
  running.catch(() => {}); // it may fail after it was given up
  try {
    await Promise.race([running, given]);
  } finally {
    leave();
  }
}
