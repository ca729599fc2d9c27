import type { LucideIcon } from "lucide-preact";
import { Check } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { createContext } from "preact";
import { useContext, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import "./menu.css";

const Close = createContext<() => void>(() => undefined);

interface MenuProps {
  /** Accessible name of the button that opens it. */
  label: string;
  trigger: ComponentChildren;
  children: ComponentChildren;
  align?: "start" | "end";
  side?: "below" | "above";
  class?: string;
}

/** A button that opens a list of commands; arrow keys move, Escape closes. The focus goes back to what had it. */
export function Menu({ label, trigger, children, align = "start", side = "below", class: extra }: MenuProps) {
  /** Where it opens, and how much of the window is left there. */
  const [open, setOpen] = useState<{ side: "below" | "above"; room: number } | undefined>(undefined);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const before = useRef<Element | null>(null);
  const id = useId();
  const close = () => {
    setOpen(undefined);
    const had = before.current;
    if (had instanceof HTMLElement && had !== document.body) had.focus();
    else (document.activeElement as HTMLElement | null)?.blur();
  };
  // Before the next key arrives, or it would be taken for a command of the page.
  useLayoutEffect(() => {
    if (!open) return;
    const items = () => [...(root.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
    (items().find((item) => item.ariaChecked === "true") ?? items()[0])?.focus();
    const away = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(undefined);
    };
    const onKey = (event: KeyboardEvent) => {
      const list = items();
      const at = list.indexOf(document.activeElement as HTMLElement);
      const go = (to: number) => list[(to + list.length) % list.length]?.focus();
      if (event.key === "Escape") close();
      else if (event.key === "ArrowDown") go(at + 1);
      else if (event.key === "ArrowUp") go(at - 1);
      else if (event.key === "Home") go(0);
      else if (event.key === "End") go(list.length - 1);
      else if (event.key === "Tab") return setOpen(undefined);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    const element = root.current;
    document.addEventListener("pointerdown", away);
    element?.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("pointerdown", away);
      element?.removeEventListener("keydown", onKey);
    };
  }, [open]);
  return (
    <div class="menu-root" ref={root}>
      <button
        ref={button}
        type="button"
        class={extra ?? "icon-button"}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open !== undefined}
        aria-controls={open ? id : undefined}
        onClick={() => {
          if (!open) before.current = document.activeElement;
          setOpen(open ? undefined : placeOf(button.current, side));
        }}
      >
        <span class="visually-hidden">{label} </span>
        {trigger}
      </button>
      {open && (
        <Close.Provider value={close}>
          <div
            class={`menu ${align} ${open.side}`}
            style={{ maxHeight: `${open.room}px` }}
            id={id}
            role="menu"
            aria-label={label}
          >
            {children}
          </div>
        </Close.Provider>
      )}
    </div>
  );
}

const comfortable = 320;
const most = 480;

/** On the side asked for, unless the other one of the window has more room and this one too little. */
function placeOf(button: HTMLElement | null, wanted: "below" | "above") {
  const { top = 0, bottom = 0 } = button?.getBoundingClientRect() ?? {};
  const rooms = { above: top - 12, below: innerHeight - bottom - 12 };
  const other = wanted === "above" ? "below" : "above";
  const side = rooms[wanted] < comfortable && rooms[other] > rooms[wanted] ? other : wanted;
  return { side, room: Math.min(most, rooms[side]) };
}

interface ItemProps {
  icon?: LucideIcon;
  onSelect: () => void;
  children: ComponentChildren;
  danger?: boolean;
  disabled?: boolean;
  /** Given for one choice of several. */
  checked?: boolean;
  hint?: string;
}

export function MenuItem({ icon: Icon, onSelect, children, danger, disabled, checked, hint }: ItemProps) {
  const close = useContext(Close);
  return (
    <button
      type="button"
      {...(checked === undefined ? { role: "menuitem" } : { role: "menuitemradio", "aria-checked": checked })}
      tabIndex={-1}
      class={`menu-item${danger ? " danger" : ""}`}
      disabled={disabled}
      onClick={() => {
        close();
        onSelect();
      }}
    >
      {Icon ? <Icon size={16} strokeWidth={1.5} aria-hidden="true" /> : null}
      {checked !== undefined && (checked ? <Check size={16} strokeWidth={1.5} aria-hidden="true" /> : <i />)}
      <span>{children}</span>
      {hint && <kbd class="numbers">{hint}</kbd>}
    </button>
  );
}

export function MenuLink({
  icon: Icon,
  href,
  children,
  download,
}: {
  icon?: LucideIcon;
  href: string;
  children: ComponentChildren;
  download?: boolean;
}) {
  const close = useContext(Close);
  return (
    <a role="menuitem" tabIndex={-1} class="menu-item" href={href} onClick={close} download={download}>
      {Icon ? <Icon size={16} strokeWidth={1.5} aria-hidden="true" /> : null}
      <span>{children}</span>
    </a>
  );
}
