/// <reference types="astro/client" />

declare namespace App {
  interface Locals {
    session: import("./server/session.ts").Session | undefined;
    theme: "dark" | "light";
    /** When the page began to be made: what happens later is told to it. */
    since: string;
    /** Set when a page answers for something that is not there, or that failed. */
    apiDown?: boolean;
  }
}

declare module "hls.js/source" {
  export { default } from "hls.js";
}
