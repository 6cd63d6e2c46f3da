import type { ExamplesView } from '../console/consequences-schema.ts'
import type { HoldView } from '../console/schemas.ts'
import { cascadeSentence, triggerSentence } from '../console/web/consequence-words.ts'
import { statusWord } from '../console/web/wording.ts'
import { lockMeaning } from '../text/lock-words.ts'
import { visibleLine } from '../text/visible-text.ts'

/** The lines of a hold on a terminal: what each is about, and what is said. */
export type Line = readonly [string, string]

const day = (at: string): string => at.slice(0, 10)

/** Since when whoever asks, and whoever it acts for, have access. */
export function sinceLines({ asker, known }: HoldView): readonly Line[] {
  const self = sinceLine(asker, known.asker)
  return asker.actsFor === null ? [self] : [self, sinceLine(asker.actsFor, known.actsFor)]
}

function sinceLine(
  { name, groups }: { readonly name: string; readonly groups: readonly string[] },
  known: HoldView['known']['asker'],
): Line {
  if (known === null) return ['Since', `${visibleLine(name)}: not in the directory, its token vouches for it`]
  const joined = new Map(known.groups.map((group) => [group.name, group.since]))
  const since = known.since === null ? 'from before it was recorded' : day(known.since)
  const groupsSince = groups.map((group) => {
    const at = joined.get(group) ?? null
    return at === null ? visibleLine(group) : `${visibleLine(group)} since ${day(at)}`
  })
  return ['Since', `${visibleLine(name)}: ${[since, ...groupsSince].join(', ')}`]
}

export function beforeLines({ lately, latelyCounts }: HoldView): readonly Line[] {
  if (lately.length === 0) return [['Before', 'never held']]
  const counts = Object.entries(latelyCounts).map(
    ([status, count]) => `${count} ${statusWord(status as HoldView['status']).toLowerCase()}`,
  )
  const each = lately.slice(0, 5).map(({ id, tag, target, status, createdAt }): Line => {
    const what = `${visibleLine(tag)} on ${visibleLine(target)}`
    return ['', `${day(createdAt)} ${what}: ${statusWord(status).toLowerCase()} (${id})`]
  })
  return [['Before', counts.length === 0 ? 'not in the last 30 days' : `in 30 days ${counts.join(', ')}`], ...each]
}

export function tableLine({ name, access, labels }: HoldView['facts']['relations'][number]): Line {
  const holds = labels.length === 0 ? '' : `, holds ${labels.join(', ')}`
  return ['Table', visibleLine(`${name} (${access.join(', ')}${holds})`)]
}

export function columnLine({ relation, name, uses, labels }: HoldView['facts']['columns'][number]): Line {
  const labelled = labels.length === 0 ? '' : `, labelled ${labels.join(', ')}`
  return ['Column', visibleLine(`${relation}.${name} (${uses.join(', ')}${labelled})`)]
}

export function consequenceLines({ consequences, locksHeld }: HoldView): readonly Line[] {
  const held = locksHeld.map(
    ({ on, mode }): Line => ['Locked', visibleLine(`${on} by the transaction that waits: ${mode}`)],
  )
  if (consequences === null) return held
  const { cascades, triggers, locks, undo } = consequences
  const said = [...(cascades ?? []).map(cascadeSentence), ...(triggers ?? []).map(triggerSentence)]
  const unknown = cascades === null || triggers === null
  return [
    ...said.map(({ what, because }): Line => ['Besides', visibleLine(`${what} ${because}`)]),
    ...(unknown ? [['Besides', 'foreign keys and triggers could not be looked at in time'] as const] : []),
    ...locks.map(({ table, mode }): Line => ['Locks', visibleLine(`${table}: ${mode}, ${lockMeaning(mode).long}`)]),
    ...held,
    ['Undo', visibleLine(undo.sentence)],
  ]
}

/** As the policy lets whoever asks see them. */
export function exampleLines(examples: ExamplesView | null): readonly Line[] {
  if (examples === null) return []
  const { columns, rows, whyHidden } = examples
  const masked = columns.filter(({ seen }) => seen === 'masked').map(({ name }) => name)
  return [
    ...rows.flatMap(({ before, after }) => [...cells('Row now', columns, before), ...cells('  then', columns, after)]),
    ...(masked.length === 0 ? [] : [['Masked', visibleLine(`for you: ${masked.join(', ')}`)] as const]),
    ...(whyHidden === null ? [] : [['Hidden', visibleLine(whyHidden)] as const]),
  ]
}

function cells(
  title: string,
  columns: readonly { readonly name: string }[],
  values: readonly (string | null)[] | null,
): readonly Line[] {
  if (values === null) return title === '  then' ? [[title, '(gone)']] : [[title, '(new)']]
  return [[title, values.map((value, at) => visibleLine(`${columns[at]?.name}=${value ?? 'NULL'}`)).join('  ')]]
}

/** Where the rules that hold it stand. */
export function placeLines({ rules, rulePlaces }: HoldView): readonly Line[] {
  return rules
    .filter(({ outcome }) => outcome === 'hold')
    .flatMap(({ id }): readonly Line[] => {
      const place = rulePlaces[id]
      return place === undefined ? [] : [['At', place.url ?? visibleLine(`${id}, ${place.file}:${place.line}`)]]
    })
}
