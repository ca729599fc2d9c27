import { KeyRound, ListOrdered, LogOut, Moon, Sun } from "lucide-preact";
import { useState } from "preact/hooks";
import { api } from "../api/client.ts";
import type { Session } from "../server/session.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Menu, MenuItem, MenuLink } from "../ui/menu.tsx";
import { complain } from "../ui/toasts.tsx";

/** The signed-in person's menu: theme, own settings, sign out. */
export function Person({ session, theme }: { session: Session; theme: "dark" | "light" }) {
  const [current, setCurrent] = useState(theme);
  const other = current === "dark" ? "light" : "dark";
  const switchTheme = () => {
    // biome-ignore lint/suspicious/noDocumentCookie: read by the server before the first paint
    document.cookie = `rushes_theme=${other}; path=/; max-age=31536000; samesite=lax`;
    document.documentElement.dataset.theme = other;
    setCurrent(other);
  };
  const signOut = async () => {
    try {
      const { endSessionUrl } = await api.post<{ endSessionUrl: string | null }>("/session/logout");
      location.assign(endSessionUrl ?? "/signin");
    } catch (error) {
      complain("You are still signed in.", error);
    }
  };
  return (
    <Menu
      label={`Account of ${session.name}`}
      align="end"
      trigger={<Avatar name={session.name} id={session.id} />}
    >
      <div class="menu-head">
        <strong>{session.name}</strong>
        <span class="quiet small">{session.email}</span>
      </div>
      <MenuItem icon={current === "dark" ? Sun : Moon} onSelect={switchTheme}>
        {other === "light" ? "Light theme" : "Dark theme"}
      </MenuItem>
      <MenuLink icon={KeyRound} href="/settings">
        Settings and API keys
      </MenuLink>
      {session.admin && (
        <MenuLink icon={ListOrdered} href="/admin/queues">
          Queues
        </MenuLink>
      )}
      <MenuItem icon={LogOut} onSelect={signOut}>
        Sign out
      </MenuItem>
    </Menu>
  );
}
