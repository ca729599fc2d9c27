/// <reference types="astro/client" />

declare namespace App {
  interface Locals {
    session: import("./server/session.ts").Session | undefined;
    theme: "dark" | "light";
    /** When the page began to be made: what happens later is told to it. */
    since: string;
    /** The status that the API answered instead of what the page was to show; 502 when it cannot be reached. */
    apiStatus?: number;
  }
}

declare module "hls.js/source" {
  export { default } from "hls.js";
}
