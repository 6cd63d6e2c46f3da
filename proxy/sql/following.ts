import type { Facts } from '../../policies/input.ts'
import { withMade, withMadeView, withoutDropped } from '../catalog/made-in-text.ts'
import { carriedInto, noTemporaries, type Temporaries, together } from '../catalog/temporaries.ts'
import type { Named, Remembered, SessionEffects } from '../gate.ts'
import type { NameContext } from './context.ts'
import { noEffects } from './session-effects.ts'

/**
 * What names mean for the next statement of the same text, which is judged before the first of them has run. What
 * cannot be known is taken as unknown, and then nothing resolves.
 */
export function namesAfter(names: NameContext, facts: Facts, effects: SessionEffects): NameContext {
  if (effects === noEffects) return names
  const { prepares, declares } = effects
  return {
    snapshot: names.snapshot,
    searchPath: searchPathAfter(names, facts),
    role: roleAfter(names, facts),
    temporaryRelations: namesOfTemporariesAfter(names.temporaryRelations, effects),
    temporaries: temporariesAfter(names, effects),
    uncommitted: [...(names.uncommitted ?? []), ...(effects.changes ?? [])],
    preparedStatement: after(names.preparedStatement, prepares, effects.deallocates),
    cursor: after(names.cursor, declares, effects.closes),
  }
}

/** Names of all that may be in the session's temporary schema. */
export function namesOfTemporariesAfter(
  names: ReadonlySet<string>,
  { createsTemporary, dropsSurely = [] }: SessionEffects,
): ReadonlySet<string> {
  if (createsTemporary.length + dropsSurely.length === 0) return names
  return new Set([...names, ...createsTemporary]).difference(new Set(dropsSurely))
}

/** What is made in a text is known for what the text says it is, but for what may have been there before. */
export function temporariesAfter(
  { temporaries, temporaryRelations }: Pick<NameContext, 'temporaries' | 'temporaryRelations'>,
  { carries, created, createsTemporary: [name], dropsSurely = [] }: SessionEffects,
): Temporaries {
  const after = withoutDropped(carriedInto(temporaries ?? noTemporaries, carries ?? []), dropsSurely)
  if (created === undefined || created === null || name === undefined) return after
  const isTaken = temporaryRelations.has(name)
  if ('query' in created) return withMadeView(after, name, created, isTaken)
  const inside = [created.anywhere, ...(created.columns ?? []).map(({ labels }) => labels)]
  const labelled = { ...after, labels: inside.reduce(together, after.labels) }
  return isTaken ? labelled : withMade(labelled, name, created)
}

function searchPathAfter({ searchPath }: NameContext, facts: Facts): string | null {
  if (facts.effects.includes('unknown')) return null
  // Ending a transaction may take a SET back; which, is not known here.
  if (facts.kind === 'transaction' && !/^(BEGIN|START|SAVEPOINT|RELEASE)/.test(facts.tag))
    return facts.tag === 'COMMIT' ? searchPath : null
  let path = searchPath
  for (const { name, value, scope } of facts.settings) {
    if (scope !== 'session' && scope !== 'transaction') continue
    if (name === 'search_path') path = value
    else if (name === 'all') path = null
  }
  return path
}

function roleAfter({ role }: NameContext, facts: Facts): string {
  const set = facts.settings.findLast(({ name }) => name === 'role' || name === 'session_authorization')
  // No role is called by the empty name: nothing unqualified resolves for it.
  return set === undefined ? role : (set.value ?? '')
}

type Find = (name: string) => Remembered | undefined

function after(find: Find, added: Named | null, removed: string | null): Find {
  if (added === null && removed === null) return find
  return (name) => {
    if (added !== null && name === added.name) return added
    return removed !== null && (removed === 'all' || removed === name) ? undefined : find(name)
  }
}
