import type { Policy } from '../../policies/evaluate.ts'
import type { RulePlace } from '../../policies/rule-places.ts'
import type { KeptExamples } from '../../workflows/holds/examples.ts'
import type { HoldRequest } from '../../workflows/holds/hold.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { BoundParameters, Judgement } from '../gate.ts'
import { needTelling } from '../session/parameter-text.ts'
import { type ConsequenceSources, consequencesOf, withoutLooking } from './consequences.ts'
import { howToLook } from './harmless.ts'
import { type ParameterTypes, parameterTypes } from './parameter-types.ts'
import { previewOf, UNKNOWN_ROWS } from './rows.ts'
import { type Seen, together } from './several.ts'
import { SideLane, type SideView } from './side-lane.ts'

/** Of a message of many statements so many are looked at; what the others do, they tell themselves. */
const LOOKED_AT_MAX = 20

/** What reviewers are shown beside the statement itself. */
export type Foreseen = Required<Pick<HoldRequest, 'preview' | 'consequences' | 'labelsClearTo' | 'rulePlaces'>>

/** And the rows among it, which are kept apart from the rest. */
export interface Foresight {
  readonly foreseen: Foreseen
  readonly examples: KeptExamples | null
  /** What binary parameters are; null: what was declared tells, or nobody else can. */
  readonly types: ParameterTypes | null
}

export interface ForeseeOptions {
  readonly catalog: Pick<Catalog, 'query' | 'snapshot'> & Partial<Pick<Catalog, 'parameterTypes'>>
  readonly labels: Policy['labels']
  readonly rulePlaces: ReadonlyMap<string, RulePlace>
  readonly timeoutMs: number
}

/**
 * What running a held statement would do. It is looked at read-only beside the session, with the session's role and
 * search path, and runs nothing but what is known to be harmless. Never throws, and takes no longer than it may: what is
 * not known by then stays unknown.
 */
export async function foresee(
  judgements: readonly Judgement[],
  bound: BoundParameters,
  view: SideView,
  options: ForeseeOptions,
): Promise<Foresight> {
  const known = { labelsClearTo: clearTo(judgements, options), rulePlaces: placesOf(judgements, options) }
  const seen: Seen[] = judgements.map((judgement) => ({
    judgement,
    preview: UNKNOWN_ROWS,
    consequences: withoutLooking(judgement, view),
  }))
  const lane = new SideLane(options.catalog, { timeoutMs: options.timeoutMs, as: view })
  let types: ParameterTypes | null = null
  const [only] = judgements
  const looking = async (): Promise<void> => {
    if (only !== undefined && needTelling(bound)) types = await parameterTypes(only.text, bound, lane).catch(() => null)
    for (const [at, judgement] of judgements.slice(0, LOOKED_AT_MAX).entries())
      for await (const more of lookAt(judgement, { bound, view, lane, ...options })) seen[at] = more
  }
  await Promise.race([looking().catch(() => undefined), after(options.timeoutMs)])
  const found = together(seen)
  if (found === null)
    return { foreseen: { ...known, preview: UNKNOWN_ROWS, consequences: null }, examples: null, types }
  const { examples, ...told } = found.consequences
  const consequences = { ...told, examples: examples?.rows.length ?? null }
  return { foreseen: { ...known, preview: found.preview, consequences }, examples, types }
}

/** More and more of what one statement would do. */
async function* lookAt(judgement: Judgement, sources: Omit<ConsequenceSources, 'looking'>): AsyncGenerator<Seen> {
  const { bound, view, lane, catalog } = sources
  const looking = howToLook(judgement, view, catalog.snapshot)
  const preview = await previewOf(judgement, bound, lane, looking)
  yield { judgement, preview, consequences: withoutLooking(judgement, view) }
  for await (const consequences of consequencesOf(judgement, { ...sources, looking }))
    yield { judgement, preview, consequences }
}

/** The server is told the same time, but might not answer at all. */
function after(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref())
}

function clearTo(judgements: readonly Judgement[], { labels }: ForeseeOptions): Foreseen['labelsClearTo'] {
  const met = judgements.flatMap(({ facts: { columns, relations } }) =>
    [...columns, ...relations].flatMap((thing) => thing.labels),
  )
  return Object.fromEntries([...new Set(met)].map((label) => [label, labels.clearTo(label)]))
}

function placesOf(judgements: readonly Judgement[], { rulePlaces }: ForeseeOptions): Foreseen['rulePlaces'] {
  const ids = judgements.flatMap(({ decision }) => decision.rules.map(({ id }) => id))
  return Object.fromEntries(
    [...new Set(ids)].flatMap((id) => {
      const place = rulePlaces.get(id)
      return place === undefined ? [] : [[id, place] as const]
    }),
  )
}
