import type { AstroGlobal } from "astro";

/** The page for what the API answered instead of what was to be shown. */
export function pageFor(status: number): "/404" | "/500" | "/trouble" {
  // What one may not see reads as absent.
  if ([400, 403, 404].includes(status)) return "/404";
  return [429, 502, 503, 504].includes(status) ? "/trouble" : "/500";
}

export function instead(page: AstroGlobal, status: number): Promise<Response> {
  page.locals.apiStatus = status;
  return page.rewrite(pageFor(status));
}
