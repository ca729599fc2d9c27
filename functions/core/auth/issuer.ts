import { createRemoteJWKSet, type JWTVerifyGetKey } from "jose";
import { allowInsecureRequests, ClientSecretBasic, type Configuration, discovery } from "openid-client";
import type { ApiConfig } from "../config.ts";
import { Refusal } from "../refusal.ts";

type IssuerConfig = Pick<ApiConfig, "OIDC_ISSUER" | "OIDC_CLIENT_ID" | "OIDC_CLIENT_SECRET">;

/** The configured OpenID provider. Nothing is asked of it before it is needed. */
export interface Issuer {
  /** Its metadata with our client; refuses with `unavailable` while it has never answered. */
  discovered(): Promise<Configuration>;
  /** The key a token names. Known keys work while the provider is away, a new one fails closed. */
  keyOf: JWTVerifyGetKey;
  /** Whether it answers now, for readiness. */
  probe(): Promise<void>;
}

/** Of each request to it. Whoever waits here is a person in front of an empty page. */
const deadlineSeconds = 1.8;
const metadataMs = 60 * 60_000;
const keysMs = 10 * 60_000;

export function openIssuer(config: IssuerConfig): Issuer {
  const url = new URL(config.OIDC_ISSUER);
  let known: { metadata: Configuration; at: number } | undefined;
  let pending: Promise<Configuration> | undefined;
  let keys: { uri: string; set: ReturnType<typeof createRemoteJWKSet>; at: number } | undefined;

  function discover(): Promise<Configuration> {
    pending ??= discovery(
      url,
      config.OIDC_CLIENT_ID,
      undefined,
      ClientSecretBasic(config.OIDC_CLIENT_SECRET),
      {
        timeout: deadlineSeconds,
        execute: url.protocol === "http:" ? [allowInsecureRequests] : [],
      },
    )
      .then((metadata) => {
        known = { metadata, at: performance.now() };
        return metadata;
      })
      .finally(() => {
        pending = undefined;
      });
    return pending;
  }

  async function discovered(): Promise<Configuration> {
    if (!known)
      return discover().catch((error: unknown) => {
        throw new Refusal("unavailable", "The sign-in provider does not answer.", {
          retryAfterSeconds: 5,
          cause: error,
        });
      });
    // Stale metadata is better than none: refreshed beside the request, kept when that fails.
    if (performance.now() - known.at > metadataMs) discover().catch(() => {});
    return known.metadata;
  }

  return {
    discovered,
    async keyOf(header, token) {
      const uri = (await discovered()).serverMetadata().jwks_uri;
      if (!uri) throw new Refusal("unavailable", "The sign-in provider publishes no keys.");
      if (keys?.uri !== uri)
        keys = {
          uri,
          set: createRemoteJWKSet(new URL(uri), {
            timeoutDuration: deadlineSeconds * 1000,
            cooldownDuration: 30_000,
            cacheMaxAge: Number.POSITIVE_INFINITY,
          }),
          at: performance.now(),
        };
      // Refreshed beside the request, so that withdrawn keys go and an outage of the provider does not show.
      if (performance.now() - keys.at > keysMs) {
        keys.at = performance.now();
        keys.set.reload().catch(() => {}); // the keys at hand serve until the next try
      }
      return keys.set(header, token);
    },
    async probe() {
      await discover();
    },
  };
}
