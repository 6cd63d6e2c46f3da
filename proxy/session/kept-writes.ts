import type { Judgement } from '../gate.ts'
import { onlyReads } from './traits.ts'

/** These are transactions of their own, and cannot be taken back. The words are those of tag.ts. */
const OF_THEIR_OWN: ReadonlySet<string> = new Set([
  'alter_database',
  'alter_subscription',
  'alter_system',
  'cluster',
  'create_subscription',
  'create_table_space',
  'createdb',
  'drop_subscription',
  'drop_table_space',
  'dropdb',
  'reindex',
  'vacuum',
])
const CONCURRENT: ReadonlySet<string> = new Set(['index', 'drop', 'alter_table'])
const RUNNING_CODE: ReadonlySet<string> = new Set(['call', 'do'])

/** What the server lets be in a transaction block just as it is outside of one. */
const IN_A_BLOCK: ReadonlySet<string> = new Set([
  'alter_object_schema',
  'alter_policy',
  'alter_seq',
  'alter_table',
  'comment',
  'copy',
  'create',
  'create_function',
  'create_policy',
  'create_seq',
  'create_table_as',
  'create_trig',
  'delete',
  'drop',
  'execute',
  'explain',
  'grant',
  'index',
  'insert',
  'merge',
  'refresh_mat_view',
  'rename',
  'rule',
  'select',
  'truncate',
  'update',
  'view',
])

/** What it did may be taken back after it has run: so the definitions that it rests on are asked about then. */
export function canBeTakenBack(judgement: Judgement): boolean {
  if ((judgement.footing ?? null) === null || onlyReads(judgement)) return false
  return !isOfItsOwn(judgement)
}

/** Between a BEGIN and a COMMIT of ours it does what it would have done without. */
export function fitsInABlock({ facts, text }: Judgement): boolean {
  if (RUNNING_CODE.has(facts.kind)) return isKnown(facts)
  return IN_A_BLOCK.has(facts.kind) && !isConcurrent({ facts, text })
}

/** Running it may commit what was written before it in its transaction. */
export function mayKeep(judgement: Judgement): boolean {
  const { facts } = judgement
  if (facts.kind === 'transaction') return facts.tag !== 'BEGIN' && !WITHIN.test(facts.tag) && !isRollback(judgement)
  return (RUNNING_CODE.has(facts.kind) && !isKnown(facts)) || isOfItsOwn(judgement)
}

const WITHIN = /^(START TRANSACTION|SAVEPOINT|RELEASE)$/

function isRollback({ facts }: Pick<Judgement, 'facts'>): boolean {
  return facts.kind === 'transaction' && /^(ROLLBACK|ABORT)$/.test(facts.tag)
}

export function isBegin({ facts }: Pick<Judgement, 'facts'>): boolean {
  return facts.kind === 'transaction' && /^(BEGIN|START)/.test(facts.tag)
}

function isOfItsOwn({ facts, text }: Judgement): boolean {
  return OF_THEIR_OWN.has(facts.kind) || isConcurrent({ facts, text })
}

function isConcurrent({ facts, text }: Pick<Judgement, 'facts' | 'text'>): boolean {
  return CONCURRENT.has(facts.kind) && /\bconcurrently\b/i.test(text)
}

/** All of its code was read, and code that commits is never read to the end. */
function isKnown({ functions, unresolved }: Judgement['facts']): boolean {
  return unresolved.length === 0 && functions.every(({ known }) => known)
}
