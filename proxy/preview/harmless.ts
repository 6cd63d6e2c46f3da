import type { Facts } from '../../policies/input.ts'
import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import type { Judgement } from '../gate.ts'
import { analyseIfSmall } from '../sql/analyse.ts'
import type { SideView } from './side-lane.ts'

/** What may be done to find out what a statement would do. */
export interface Looking {
  /** Its conditions and expressions may be evaluated: built-in functions without effects, and no other. */
  readonly mayRead: boolean
  /** It may be planned, which calls no volatile function. */
  readonly mayPlan: boolean
}

/**
 * Neither reading the rows that a statement chooses nor planning it fires a trigger, so it is understood once more as in
 * a database that does nothing by itself. What that leaves out cannot be called by looking.
 */
export function howToLook(
  { text, facts }: Judgement,
  { role, searchPath }: SideView,
  snapshot: CatalogSnapshot,
): Looking {
  if (!isKnown(facts)) return { mayRead: false, mayPlan: false }
  if (isReadable(facts.functions)) return { mayRead: true, mayPlan: true }
  const names = { role, searchPath, temporaryRelations: new Set<string>(), preparedStatement: nothing, cursor: nothing }
  const [quiet] = analyseIfSmall(text, { ...names, snapshot: snapshot.withoutTriggers() }) ?? []
  if (quiet === undefined || !isKnown(quiet.facts)) return { mayRead: false, mayPlan: false }
  const { functions } = quiet.facts
  return { mayRead: isReadable(functions), mayPlan: functions.every(({ builtin, known }) => builtin && known) }
}

const nothing = (): undefined => undefined

function isKnown({ unresolved, external, relations }: Facts): boolean {
  return unresolved.length === 0 && external.length === 0 && relations.every(({ temporary }) => !temporary)
}

function isReadable(functions: Facts['functions']): boolean {
  return functions.every(({ builtin, known, volatility }) => builtin && known && volatility !== 'volatile')
}
