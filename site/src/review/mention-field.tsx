import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";
import type { Member, Person } from "../api/types.ts";
import { Avatar } from "../ui/avatar.tsx";

interface Props {
  fieldRef: RefObject<HTMLTextAreaElement>;
  id: string;
  label: string;
  placeholder: string;
  value: string;
  members: readonly Member[];
  onValue: (value: string) => void;
  onMention: (person: Person) => void;
  onSubmit: () => void;
  onEscape: () => void;
}

/** A field that grows with its text; `@` offers the people of the project, Enter sends, Shift+Enter breaks the line. */
export function MentionField(props: Props) {
  const { fieldRef, id, label, placeholder, value, members, onValue } = props;
  const query = useSignal<string | undefined>(undefined);
  const chosen = useSignal(0);
  const found =
    query.value === undefined
      ? []
      : members
          .map(({ person }) => person)
          .filter(({ name }) => name.toLowerCase().includes(query.value ?? ""))
          .slice(0, 6);

  useLayoutEffect(() => {
    const field = fieldRef.current;
    if (!field) return;
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, 200)}px`;
  }, [value]);

  const look = (field: HTMLTextAreaElement) => {
    const before = field.value.slice(0, field.selectionStart);
    query.value = /(?:^|\s)@([\p{L}\p{N} ]{0,40})$/u.exec(before)?.[1]?.toLowerCase();
    chosen.value = 0;
  };
  const take = (person: Person) => {
    const field = fieldRef.current;
    if (!field) return;
    const end = field.selectionStart;
    const begin = value.lastIndexOf("@", end - 1);
    onValue(`${value.slice(0, begin)}@${person.name} ${value.slice(end)}`);
    props.onMention(person);
    query.value = undefined;
    field.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Safari ends a composition before its last key, which it marks by this code.
    if (event.isComposing || event.keyCode === 229) return;
    if (found.length > 0 && ["ArrowDown", "ArrowUp", "Enter", "Tab"].includes(event.key)) {
      event.preventDefault();
      const person = found[chosen.value];
      if (event.key === "ArrowDown") chosen.value = (chosen.value + 1) % found.length;
      else if (event.key === "ArrowUp") chosen.value = (chosen.value + found.length - 1) % found.length;
      else if (person) take(person);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      props.onSubmit();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (query.value === undefined) props.onEscape();
      query.value = undefined;
    }
  };
  const listId = `${id}-people`;
  return (
    <div class="mention-field">
      <textarea
        ref={fieldRef}
        id={id}
        class="input"
        rows={1}
        maxLength={10_000}
        aria-label={label}
        aria-autocomplete="list"
        {...(found.length > 0 ? { "aria-controls": listId } : {})}
        placeholder={placeholder}
        value={value}
        onInput={(event) => {
          onValue(event.currentTarget.value);
          look(event.currentTarget);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setTimeout(() => (query.value = undefined), 150)}
      />
      {found.length > 0 && (
        <div class="mention-list" id={listId} role="listbox" aria-label="People">
          {found.map((person, index) => (
            <div
              key={person.id}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen.value}
              onMouseDown={(event) => {
                event.preventDefault();
                take(person);
              }}
            >
              <Avatar name={person.name} id={person.id} size={20} />
              {person.name}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
