import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { all } from "../api/client.ts";
import { complain } from "./toasts.tsx";

/** A whole list of the API, undefined until it was read, and how to read it again. */
export function useList<Item>(
  path: string,
  query: Record<string, string>,
  failed: string,
): [Signal<Item[] | undefined>, () => Promise<void>] {
  const list = useSignal<Item[] | undefined>(undefined);
  const load = async () => {
    try {
      list.value = await all<Item>(path, query);
    } catch (error) {
      complain(failed, error);
    }
  };
  useEffect(() => void load(), []);
  return [list, load];
}
