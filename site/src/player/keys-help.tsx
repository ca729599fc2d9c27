import { Dialog } from "../ui/dialog.tsx";
import type { Key } from "./keys.ts";
import "./keys-help.css";

export function KeysHelp({ keys, onClose }: { keys: readonly Key[]; onClose: () => void }) {
  const groups = [...new Set(keys.map((key) => key.group))];
  return (
    <Dialog title="Keys" onClose={onClose} wide>
      <div class="keys-help">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {keys
                .filter((key) => key.group === group)
                .map((key) => (
                  <div key={key.shown}>
                    <dt>
                      <kbd class="numbers">{key.shown}</kbd>
                    </dt>
                    <dd>{key.does}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
