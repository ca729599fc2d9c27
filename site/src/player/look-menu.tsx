import { Frame } from "lucide-preact";
import { Menu, MenuItem } from "../ui/menu.tsx";
import { aspects, type View } from "./view.ts";

/** How the picture is looked at: its size, and what is laid over it. */
export function LookMenu({ view }: { view: View }) {
  return (
    <Menu
      label="Picture"
      side="above"
      align="end"
      trigger={<Frame size={16} strokeWidth={1.5} aria-hidden="true" />}
    >
      <MenuItem checked={view.fit.value === "fit"} onSelect={() => view.set("fit")} hint="Z">
        Fit
      </MenuItem>
      <MenuItem checked={view.fit.value === "actual"} onSelect={() => view.set("actual")} hint="Z">
        100 %
      </MenuItem>
      <MenuItem
        checked={view.fit.value === "free" && view.zoom.value === 2}
        onSelect={() => view.set("free", 2)}
      >
        200 %
      </MenuItem>
      <hr />
      <MenuItem
        checked={view.safeAreas.value}
        hint="S"
        onSelect={() => {
          view.safeAreas.value = !view.safeAreas.value;
        }}
      >
        Safe areas
      </MenuItem>
      <MenuItem
        checked={view.meters.value}
        onSelect={() => {
          view.meters.value = !view.meters.value;
        }}
      >
        Audio meters
      </MenuItem>
      <MenuItem
        checked={view.drawings.value}
        onSelect={() => {
          view.drawings.value = !view.drawings.value;
        }}
      >
        Drawings
      </MenuItem>
      <hr />
      {aspects.map(({ name, ratio }) => (
        <MenuItem
          key={name}
          checked={view.aspect.value === ratio}
          onSelect={() => {
            view.aspect.value = view.aspect.value === ratio ? undefined : ratio;
          }}
        >
          Guide {name}
        </MenuItem>
      ))}
    </Menu>
  );
}
