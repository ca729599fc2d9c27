import { useEffect, useState } from "preact/hooks";

/**
 * For the root of an island: until the browser runs it, it takes no clicks and no typing, which would be lost.
 */
export function useAlive(): { inert: boolean } {
  const [alive, setAlive] = useState(false);
  useEffect(() => setAlive(true), []);
  return { inert: !alive };
}
