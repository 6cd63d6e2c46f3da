import type { AlikeView } from '../console/alike-schema.ts'
import type { ExamplesView } from '../console/consequences-schema.ts'
import type { HoldView } from '../console/schemas.ts'
import { cascadeSentence, triggerSentence } from '../console/web/consequence-words.ts'
import { reachOf, statusWord } from '../console/web/wording.ts'
import { lockMeaning } from '../text/lock-words.ts'
import { visibleLine, visibleText } from '../text/visible-text.ts'

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

/** How many are alike, and each of them whole where that was asked for. */
export function alikeLines({ id, alike: gathering, status }: HoldView, alike: AlikeView | null): readonly Line[] {
  const others = status === 'pending' ? (gathering?.pending ?? 0) - 1 : 0
  const many = others === 1 ? '1 more like it waits' : `${others} more like it wait`
  if (alike === null) return others < 1 ? [] : [['Alike', `${many}: holdpoint holds show ${id} --alike`]]
  const allowed = alike.says.map((sentence): Line => ['Approve', visibleLine(`--alike: ${sentence}`)])
  const whyNot = alike.whyNot === null ? [] : [['You', visibleLine(alike.whyNot)] as const]
  const runs = alike.waiting.length === 0 ? [] : [...alike.waiting.flatMap(waitingLines), ...allowed, ...whyNot]
  const itself = alike.others.length === 0 ? [] : [['Alike', 'answered each by itself:'] as const]
  const none = others < 1 ? [['Alike', 'nothing else like it waits'] as const] : []
  return [...none, ...runs, ...itself, ...alike.others.flatMap(waitingLines)]
}

function waitingLines({ id, preview, statement, parameters, reason }: AlikeView['waiting'][number]): readonly Line[] {
  return [
    ['Alike', preview === null ? id : `${id}  ${reachOf(preview).rows}`],
    ...visibleText(statement)
      .split('\n')
      .map((text): Line => ['', `    ${text}`]),
    ...parameters.map((value, at): Line => ['', `    $${at + 1} = ${value === null ? 'NULL' : visibleLine(value)}`]),
    ...(reason === null ? [] : [['', `    they say: ${visibleLine(reason)}`] as const]),
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
