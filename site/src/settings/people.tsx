import { useSignal } from "@preact/signals";
import { Trash2 } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { all, api } from "../api/client.ts";
import type { Member, Project, Role } from "../api/types.ts";
import { Avatar } from "../ui/avatar.tsx";
import { complain, say } from "../ui/toasts.tsx";
import { date } from "../ui/words.ts";

const roles: Record<Role, string> = {
  manager: "Manager: everything, people and locks too",
  editor: "Editor: upload, share, resolve",
  reviewer: "Reviewer: comment and approve",
  viewer: "Viewer: watch and read",
};

export function People({ project }: { project: Project }) {
  const members = useSignal<Member[] | undefined>(undefined);
  const text = useSignal("");
  const path = `/projects/${project.id}/members`;
  const load = async () => {
    try {
      members.value = await all<Member>(path, {});
    } catch (error) {
      complain("The people could not be read.", error);
    }
  };
  useEffect(() => void load(), []);
  const add = async (form: HTMLFormElement) => {
    const data = new FormData(form);
    try {
      await api.post(path, { email: String(data.get("email")), role: String(data.get("role")) });
      say(`${String(data.get("email"))} is in.`);
      form.reset();
      await load();
    } catch (error) {
      complain("Nobody was added.", error);
    }
  };
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
        <div class="field">
          <label for="member-email">Add by e-mail address</label>
          <input id="member-email" name="email" class="input" type="email" required autocomplete="off" />
        </div>
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
      {!shown ? (
        <div class="skeleton" style={{ height: "160px" }} />
      ) : (
        <section class="panel scroll-x" aria-label="People table" tabIndex={0}>
          <table class="table">
            <thead>
              <tr>
                <th>Person</th>
                <th>Role</th>
                <th>Since</th>
                <th>
                  <span class="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((member) => (
                <tr key={member.person.id}>
                  <td>
                    <span class="person-cell">
                      <Avatar name={member.person.name} id={member.person.id} />
                      <span>
                        {member.person.name}
                        <span class="quiet small">{member.person.email}</span>
                      </span>
                    </span>
                  </td>
                  <td>
                    <select
                      class="input"
                      aria-label={`Role of ${member.person.name}`}
                      value={member.role}
                      onChange={(event) => void change(member, event.currentTarget.value as Role)}
                    >
                      {(Object.keys(roles) as Role[]).map((role) => (
                        <option key={role} value={role}>
                          {role}
                        </option>
                      ))}
                    </select>
                  </td>
                  <td class="quiet">{date(member.createdAt)}</td>
                  <td>
                    <span class="row-actions">
                      <button
                        type="button"
                        class="icon-button"
                        aria-label={`Remove ${member.person.name}`}
                        title="Remove from the project"
                        onClick={() => void remove(member)}
                      >
                        <Trash2 size={16} strokeWidth={1.5} aria-hidden="true" />
                      </button>
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}
