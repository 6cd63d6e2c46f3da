import type { Consequences } from '../../workflows/holds/consequences.ts'
import type { KeptExamples } from '../../workflows/holds/examples.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { BoundParameters, Judgement } from '../gate.ts'
import { type CascadeStep, cascadesOf, countedCascades, type TableChange } from './cascades.ts'
import { chosenRows } from './chosen-rows.ts'
import { examplesOf } from './examples.ts'
import { cascadingKeys } from './foreign-keys.ts'
import type { Looking } from './harmless.ts'
import { readModification } from './modification.ts'
import { modifiedTable } from './rows.ts'
import type { SideLane, SideView } from './side-lane.ts'
import { tableLocks } from './table-locks.ts'
import { triggersOf } from './triggers.ts'
import { undoOf } from './undo.ts'

export interface ConsequenceSources {
  readonly bound: BoundParameters
  readonly view: SideView
  readonly lane: SideLane
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly looking: Looking
}

/** With the rows themselves, which leave this room apart from the rest. */
export interface Found extends Omit<Consequences, 'examples'> {
  readonly examples: KeptExamples | null
}

/** What the statement itself tells. */
export function withoutLooking({ facts }: Judgement, view: SideView): Found {
  return { locks: tableLocks(facts, []), undo: undoOf(facts, view), cascades: null, triggers: null, examples: null }
}

/** The same with more and more of what the database tells; each is good as it is, should there be no time for the next. */
export async function* consequencesOf(judgement: Judgement, sources: ConsequenceSources): AsyncGenerator<Found> {
  const { text, facts } = judgement
  const { bound, view, lane, catalog, looking } = sources
  let known = withoutLooking(judgement, view)
  const changes = changesOf(judgement)
  const steps = changes.some(({ kind }) => kind === 'update' || kind === 'delete') ? await stepsOf(changes, lane) : []
  const triggers = await triggersOf([...changes, ...steps.map(({ change }) => change)], lane)
  const uncounted = steps.map(toldOf)
  known = { ...known, triggers, cascades: uncounted, locks: tableLocks(facts, uncounted) }
  yield known
  if (!looking.mayRead || facts.flags.includes('contains_secret')) return
  const taken = await examplesOf({ text, facts, bound, lane, snapshot: catalog.snapshot }).catch(() => null)
  known = { ...known, examples: taken === null ? null : { ...taken, role: view.role } }
  yield known
  const target = modifiedTable(facts)
  const modification = target === null ? null : readModification(text)
  const rows = target === null || modification === null ? null : chosenRows(modification, target)
  if (steps.length > 0) yield { ...known, cascades: await countedCascades(steps, rows, bound, lane) }
}

async function stepsOf(changes: readonly TableChange[], lane: SideLane): Promise<readonly CascadeStep[]> {
  const keys = await cascadingKeys(lane)
  return changes.flatMap((change) => cascadesOf(change, keys))
}

function toldOf({ key, does }: CascadeStep) {
  const { schema, table, constraint, ofSchema, of } = key
  return { table: `${schema}.${table}`, constraint, does, from: `${ofSchema}.${of}`, rows: null }
}

const KINDS = ['insert', 'update', 'delete', 'truncate'] as const

/** What the statement itself does to rows. What its triggers do besides is theirs to know. */
function changesOf({ facts }: Judgement): readonly TableChange[] {
  return facts.relations
    .filter(({ system, through }) => !system && through.length === 0)
    .flatMap(({ schema, name, access }) =>
      KINDS.filter((kind) => access.includes(kind)).map((kind) => ({
        table: { schema, name },
        kind,
        columns: facts.columns
          .filter((one) => one.schema === schema && one.relation === name && one.uses.includes('written'))
          .map(({ column }) => column),
      })),
    )
}
