/** One attribute of a key; every key of this table is a string. */
type Index = { readonly name: string; readonly pk: string; readonly sk: string };

/**
 * The jobs table: `pk` = `JOB#<job_id>`; `sk` = `JOB` for the row, `TOKEN#…` for an open wait, `ROLLOUT` for what lists a rollout in `by_status`. Flags and kill switch are
 * one item, `FLAGS`. Indexes project every attribute. `waiting` and `due` are sparse: an item without their keys is not in them. `due` has the partitions `DUE`, what the reconciler
 * looks at, and `ENDED`, what the next digest looks at.
 */
export const TABLE = {
  pk: 'pk',
  sk: 'sk',
  indexes: [
    { name: 'by_created', pk: 'list_pk', sk: 'list_sk' },
    { name: 'by_status', pk: 'status_pk', sk: 'list_sk' },
    { name: 'waiting', pk: 'waiting_pk', sk: 'opened_at' },
    { name: 'due', pk: 'due_pk', sk: 'next_check_at' },
  ],
} as const satisfies { pk: string; sk: string; indexes: readonly Index[] };
