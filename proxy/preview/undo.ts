import type { Facts } from '../../policies/input.ts'
import type { Undo } from '../../workflows/holds/consequences.ts'

/** Whether it can be taken back, for somebody who is about to say yes. */
export function undoOf(facts: Facts, { inTransaction }: { readonly inTransaction: boolean }): Undo {
  const after = afterCommit(facts)
  if (!inTransaction || after.how === 'nothing_to_undo' || facts.external.length > 0) return after
  return {
    ...after,
    sentence: `Until the client commits its open transaction, ROLLBACK takes it back. ${after.sentence}`,
  }
}

const undo = (how: Undo['how'], sentence: string): Undo => ({ how, sentence })

const byKind: Readonly<Record<string, Undo>> = {
  update: undo('impossible', 'Not after it commits: the database does not keep the values from before.'),
  merge: undo('impossible', 'Not after it commits: the database does not keep the rows from before.'),
  delete: undo('impossible', 'Not after it commits: the rows come back only from a backup.'),
  insert: undo('by_hand', 'Yes, by deleting the new rows by their key. Numbers taken from sequences stay used.'),
  copy: undo('by_hand', 'Only by deleting the new rows, if they can be told from the others.'),
  truncate: undo(
    'impossible',
    'Not after it commits: the table is emptied, and its rows come back only from a backup.',
  ),
  drop: undo('impossible', 'Not after it commits: what is dropped comes back only from a backup.'),
  alter_table: undo('partly', 'Definitions can be changed back; the data of a dropped or converted column cannot.'),
  create: undo('by_hand', 'Yes, by dropping it again.'),
  index: undo('by_hand', 'Yes, by dropping the index again.'),
  view: undo('by_hand', 'Yes, by putting the former definition back, if somebody has it.'),
  create_table_as: undo('by_hand', 'Yes, by dropping the new table.'),
  rename: undo('by_hand', 'Yes, by renaming it back.'),
  grant: undo('partly', 'By the opposite statement; what was done with the right meanwhile stays done.'),
  grant_role: undo('partly', 'By the opposite statement; what was done with the membership meanwhile stays done.'),
}

function afterCommit({ kind, effects, external, relations }: Facts): Undo {
  if (external.length > 0)
    return undo('impossible', 'No: what has left the database, or run outside of it, cannot be taken back.')
  if (effects.length > 0 && effects.every((effect) => effect === 'read'))
    return undo('nothing_to_undo', 'It changes nothing. What has been read cannot be unread.')
  // ON CONFLICT DO UPDATE
  const replaces = kind === 'insert' && relations.some(({ access }) => access.includes('update'))
  const known = byKind[replaces ? 'update' : kind]
  return known ?? undo('unknown', 'Nobody has found out. Take it for something that cannot be taken back.')
}
