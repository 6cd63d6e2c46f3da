import type { AlikeView } from '../console/alike-schema.ts'
import type { ExamplesView } from '../console/consequences-schema.ts'
import type { HoldSummary, HoldView } from '../console/schemas.ts'
import { duration } from '../console/web/duration.ts'
import { ending, placesOpen, reachOf, statusWord, warnings } from '../console/web/wording.ts'
import { visibleLine, visibleText } from '../text/visible-text.ts'
import {
  alikeLines,
  beforeLines,
  columnLine,
  consequenceLines,
  exampleLines,
  placeLines,
  sinceLines,
  tableLine,
} from './hold-lines.ts'

/** Holds on a terminal. Nothing that somebody else wrote reaches it raw: control characters drive terminals. */
const EXCERPT = 48

export function holdsTable(holds: readonly HoldSummary[], now: number): string {
  if (holds.length === 0) return 'Nothing is held.\n'
  const rows = holds.map((hold) => [
    hold.id,
    statusWord(hold.status).toLowerCase(),
    hold.status === 'pending' ? `${duration(Date.parse(hold.expiresAt) - now)} left` : '',
    askerOf(hold),
    visibleLine(hold.target.name),
    reachOf(hold.preview).rows,
    cut(visibleLine(hold.excerpt.replaceAll(/\s+/g, ' '))),
  ])
  return table([['HOLD', 'STATUS', 'TIME', 'ASKED BY', 'TARGET', 'ROWS', 'STATEMENT'], ...rows])
}

export interface Beside {
  readonly now: number
  /** Rows of it, as whoever asks may see them. */
  readonly examples: ExamplesView | null
  /** What waits as well and would run by an approval of all; null: not asked for. */
  readonly alike: AlikeView | null
}

export function holdText(hold: HoldView, { now, examples, alike }: Beside): string {
  const pending = hold.status === 'pending'
  const { rows, known } = reachOf(hold.preview)
  const lines: readonly (readonly [string, string])[] = [
    ['Hold', hold.id],
    [
      'Status',
      pending ? `pending, ${duration(Date.parse(hold.expiresAt) - now)} left, until ${hold.expiresAt}` : ending(hold),
    ],
    ['Asked by', askerOf(hold)],
    ['Target', `${visibleLine(hold.target.name)} (${hold.target.environment})`],
    ['From', hold.client === null ? '' : visibleLine(hold.client)],
    ['With', hold.application === '' ? '' : `${visibleLine(hold.application)}, so it says`],
    ...sinceLines(hold),
    ...beforeLines(hold),
    [
      'Anew',
      hold.anewOf === null ? '' : `it was approved before, as ${visibleLine(hold.anewOf)}, which counts no more`,
    ],
    [
      'Anew',
      hold.anewAs === null ? '' : `its approval counts no more: it is asked anew, as ${visibleLine(hold.anewAs)}`,
    ],
    ['Reason', hold.reason === null ? '' : visibleLine(hold.reason)],
    ['Rows', `${rows}, ${known}`],
    ...hold.facts.relations.map(tableLine),
    ...hold.facts.columns.map(columnLine),
    ...consequenceLines(hold),
    ...exampleLines(examples),
    ...warnings(hold).map((warning) => ['Note', visibleLine(warning)] as const),
    ...hold.rules.map(
      ({ title, reason, outcome }) =>
        [outcome === 'hold' ? 'Rule' : 'Also', `${visibleLine(title)}: ${visibleLine(reason)}`] as const,
    ),
    ...placeLines(hold),
    ['Approved', `by ${placesOpen(hold)}`],
    ...answeringLines(hold),
    ...alikeLines(hold, alike),
    ...hold.votes.map(voteLine),
    ['You', hold.you.mayVote ? 'may answer this' : (hold.you.whyNot ?? '')],
    ['Policy', hold.policyDigest.slice(0, 12) + (hold.policyReviewed ? '' : ' (unreviewed)')],
  ]
  const shown = lines.filter(([, value]) => value !== '').map(([name, value]) => `${name.padEnd(9)} ${value}`)
  return `${shown.join('\n')}\n\n${indented(visibleText(hold.statement))}\n${parametersOf(hold)}`
}

export function answeredText(hold: HoldView): string {
  const more = hold.status === 'pending' ? ` Approved by ${placesOpen(hold)}.` : ''
  return `${hold.id}: ${ending(hold)}${more}\n`
}

function askerOf({ asker }: HoldSummary): string {
  const forWhom = asker.actsFor === null ? '' : ` for ${visibleLine(asker.actsFor.name)}`
  return visibleLine(asker.name) + forWhom
}

function voteLine({ voter, choice, reason, insteadOf }: HoldView['votes'][number]): readonly [string, string] {
  const said = reason === null ? '' : `: ${visibleLine(reason)}`
  const who = insteadOf == null ? '' : ` for ${visibleLine(insteadOf.name)}, who is away,`
  return ['Answer', `${visibleLine(voter.name)}${who} ${choice === 'approve' ? 'approved' : 'rejected'}${said}`]
}

/** What happened to it while people were asked, and without them. */
function answeringLines(hold: HoldView): readonly (readonly [string, string])[] {
  const { needsReason, escalated, brokenGlass, alikeApproval, approvedThrough } = hold
  const lines: (readonly [string, string])[] = []
  if (needsReason && hold.status === 'pending')
    lines.push(['Wants', 'a reason, before anybody can approve it: holdpoint holds reason'])
  if (escalated !== null) lines.push(['Also', `${visibleLine(escalated.group)} may answer since ${escalated.at}`])
  if (hold.notTold.length > 0) lines.push(['Not told', `through ${hold.notTold.map(visibleLine).join(', ')}`])
  if (approvedThrough !== null)
    lines.push(['Through', `the approval of ${approvedThrough.hold}, run ${approvedThrough.run}`])
  if (alikeApproval !== null)
    lines.push([
      'Covers',
      `others like it: ${alikeApproval.runs} of ${alikeApproval.runsMax} runs until ${alikeApproval.expiresAt}${
        alikeApproval.undone === null ? '' : `, undone by ${visibleLine(alikeApproval.undone.by)}`
      }`,
    ])
  if (brokenGlass === null) return lines
  const { reason, review, reviewDueAt } = brokenGlass
  const said = review?.reason == null ? '' : `: ${visibleLine(review.reason)}`
  lines.push(['Glass', `broken: ${visibleLine(reason)}`])
  lines.push([
    'Review',
    review === null ? `due until ${reviewDueAt}` : `${visibleLine(review.by.name)} ${review.verdict} it${said}`,
  ])
  return lines
}

function parametersOf({ parameters }: HoldView): string {
  if (parameters.length === 0) return ''
  return `\n${parameters.map((value, at) => `    $${at + 1} = ${value === null ? 'NULL' : visibleLine(value)}`).join('\n')}\n`
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return `${rows.map(line).join('\n')}\n`
}

function cut(text: string): string {
  return text.length <= EXCERPT ? text : `${[...text].slice(0, EXCERPT - 1).join('')}…`
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}
