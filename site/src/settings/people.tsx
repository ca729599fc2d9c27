import { useSignal } from "@preact/signals";
import { Trash2 } from "lucide-preact";
import { api } from "../api/client.ts";
import type { Member, Project, Role } from "../api/types.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Field, textOf } from "../ui/fields.tsx";
import { actions, Table } from "../ui/table.tsx";
import { attempt, complain, say } from "../ui/toasts.tsx";
import { useList } from "../ui/use-list.ts";
import { date } from "../ui/words.ts";

const roles: Record<Role, string> = {
  manager: "Manager: everything, people and locks too",
  editor: "Editor: upload, share, resolve",
  reviewer: "Reviewer: comment and approve",
  viewer: "Viewer: watch and read",
};
const columns = [{ name: "Person" }, { name: "Role" }, { name: "Since" }, actions];

/** Who may enter, and as what. */
export function People({ project }: { project: Project }) {
  const path = `/projects/${project.id}/members`;
  const [members, load] = useList<Member>(path, {}, "The people could not be read.");
  const text = useSignal("");
  const add = (form: HTMLFormElement) =>
    attempt("Nobody was added.", async () => {
      const data = new FormData(form);
      await api.post(path, { email: textOf(data, "email"), role: textOf(data, "role") });
      say(`${textOf(data, "email")} is in.`);
      form.reset();
      await load();
    });
  const change = async (member: Member, role: Role) => {
    const before = members.value;
    members.value = before?.map((one) => (one === member ? { ...one, role } : one));
    try {
      await api.change(`${path}/${member.person.id}`, { role });
      say(`${member.person.name} is now ${role}.`);
    } catch (error) {
      members.value = before;
      complain("The role was not changed.", error);
    }
  };
  const remove = async (member: Member) => {
    const before = members.value;
    members.value = before?.filter((one) => one !== member);
    try {
      await api.removeCurrent(`${path}/${member.person.id}`);
      say(`${member.person.name} has left the project.`, {
        label: "Undo",
        run: () =>
          void api
            .post(path, { email: member.person.email, role: member.role })
            .then(load)
            .catch((error: unknown) => complain("It could not be taken back.", error)),
      });
    } catch (error) {
      members.value = before;
      complain("Nobody was removed.", error);
    }
  };
  const part = text.value.trim().toLowerCase();
  const shown = members.value?.filter(({ person }) =>
    `${person.name} ${person.email}`.toLowerCase().includes(part),
  );
  const rows = shown?.map((member) => ({
    key: member.person.id,
    cells: [
      <span class="person-cell">
        <Avatar name={member.person.name} id={member.person.id} />
        <span>
          {member.person.name}
          <span class="quiet small">{member.person.email}</span>
        </span>
      </span>,
      <select
        class="input"
        aria-label={`Role of ${member.person.name}`}
        value={member.role}
        onChange={(event) => void change(member, event.currentTarget.value as Role)}
      >
        {(Object.keys(roles) as Role[]).map((role) => (
          <option key={role} value={role}>
            {role[0]?.toUpperCase() + role.slice(1)}
          </option>
        ))}
      </select>,
      <span class="quiet">{date(member.createdAt)}</span>,
      <button
        type="button"
        class="icon-button"
        aria-label={`Remove ${member.person.name}`}
        title="Remove from the project"
        onClick={() => void remove(member)}
      >
        <Trash2 size={16} strokeWidth={1.5} aria-hidden="true" />
      </button>,
    ],
  }));
  return (
    <section class="section">
      <div class="section-head">
        <h2>People</h2>
        <input
          class="input search"
          type="search"
          aria-label="Find a person"
          placeholder="Find a person"
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
      </div>
      <form
        class="form-line"
        onSubmit={(event) => {
          event.preventDefault();
          void add(event.currentTarget);
        }}
      >
        <Field label="Add by e-mail address" name="email" type="email" required autocomplete="off" />
        <div class="field">
          <label for="member-role">Role</label>
          <select id="member-role" name="role" class="input" defaultValue="reviewer">
            {Object.entries(roles).map(([role, words]) => (
              <option key={role} value={role} selected={role === "reviewer"}>
                {words}
              </option>
            ))}
          </select>
        </div>
        <button type="submit" class="button main">
          Add
        </button>
      </form>
      <Table label="People" columns={columns} rows={rows} none="Nobody here has that name." />
    </section>
  );
}
