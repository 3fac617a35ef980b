export type LocalPerson = { id: string; name: string; email: string; groups: readonly string[] };

const person = (id: string, name: string, ...groups: string[]): LocalPerson => ({ id, name, email: `${id}@example.test`, groups });

/** Who can sign in on this machine. */
export const PEOPLE: readonly LocalPerson[] = [
  person('ann', 'Ann Approver', 'approvers'),
  person('bob', 'Bob Builder', 'submitters'),
  person('carol', 'Carol Chief', 'approvers', 'operators'),
];
