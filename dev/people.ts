export type Person = {
  id: string;
  name: string;
  email: string;
  /** in the demo project; null: member of nothing */
  role: "manager" | "editor" | "reviewer" | "viewer" | null;
  admin: boolean;
};

/** The demo people of the local sign-in. Milo exists because a legal hold is released by a second manager. */
export const people: readonly Person[] = [
  { id: "mara", name: "Mara Manager", email: "mara@rushes.local", role: "manager", admin: true },
  { id: "milo", name: "Milo Manager", email: "milo@rushes.local", role: "manager", admin: false },
  { id: "edo", name: "Edo Editor", email: "edo@rushes.local", role: "editor", admin: false },
  { id: "rita", name: "Rita Reviewer", email: "rita@rushes.local", role: "reviewer", admin: false },
  { id: "vic", name: "Vic Viewer", email: "vic@rushes.local", role: "viewer", admin: false },
  { id: "otto", name: "Otto Outsider", email: "otto@rushes.local", role: null, admin: false },
];

/** One password per person, drawn once per instance. */
export const passwordOf = (person: Pick<Person, "id">, demoSecret: string): string =>
  `${person.id}-${demoSecret}`;
