import "./avatar.css";

/** Initials on a grey that differs a little by person: recognisable, and no hue beside the picture. */
export function Avatar({ name, id, size = 28 }: { name: string; id?: string | null; size?: number }) {
  const words = name.trim().split(/\s+/);
  const initials = (
    (words[0]?.[0] ?? "?") + (words.length > 1 ? (words.at(-1)?.[0] ?? "") : "")
  ).toUpperCase();
  let sum = 0;
  for (const char of id ?? name) sum = (sum * 31 + char.charCodeAt(0)) % 5;
  return (
    <span
      class={`avatar shade-${sum}`}
      style={{ width: size, height: size, fontSize: size * 0.4 }}
      data-initials={initials}
      aria-hidden="true"
    />
  );
}
