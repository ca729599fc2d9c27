/// <reference types="astro/client" />

declare namespace App {
  interface Locals {
    session: import("./server/session.ts").Session | undefined;
    theme: "dark" | "light";
    /** Set when a page answers for something that is not there, or that failed. */
    apiDown?: boolean;
  }
}

declare module "hls.js/source" {
  export { default } from "hls.js";
}
