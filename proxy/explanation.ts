import { styleText } from 'node:util'
import type { Decision } from '../policies/decision.ts'
import { groundsOf } from '../policies/evaluate.ts'
import { factsUsed, type RuleFacts } from '../policies/facts-used.ts'
import type { Facts } from '../policies/input.ts'
import type { ShownInput } from '../policies/manifest.ts'
import { brief, type Line, laidOut, printable } from './explained-lines.ts'
import type { Judgement } from './gate.ts'

const MINUTE_MS = 60_000

export interface ExplanationOptions {
  /** Where it will be read: colours only on a terminal, and not where NO_COLOR is set. */
  readonly stream: NodeJS.WriteStream
  /** Of several statements: which one. */
  readonly place: string
}

const colours = { allow: 'green', hold: 'yellow', deny: 'red', mask: 'cyan', limit: 'cyan' } as const
const WIDTH_MAX = 120
const WIDTH_OF_NO_TERMINAL = 100

/** A judgement as people read it in a terminal; what the statement says is made printable first. */
export function explanation(judgement: Judgement, { stream, place }: ExplanationOptions): string {
  const { redactedText, facts, decision } = judgement
  const paint = (format: Parameters<typeof styleText>[0], text: string) => styleText(format, text, { stream })
  const lines: Line[] = [
    ...rulesOf(judgement),
    ...masksOf(decision),
    ...named('asks', reviewersOf(decision)),
    ...named('limits', limitsOf(decision)),
    { name: 'does', value: facts.effects.join(', ') },
    ...named('touches', facts.relations.map(relationText)),
    ...named('calls', facts.functions.length === 0 ? [] : [brief(facts.functions)]),
    ...named('sets', facts.settings.length === 0 ? [] : [brief(facts.settings)]),
    ...named('flags', facts.flags.length === 0 ? [] : [facts.flags.join(', ')]),
    ...named(
      'unclear',
      facts.unresolved.map(({ code, detail }) => `${code.replaceAll('_', ' ')}: ${detail}`),
    ),
  ]
  const width = Math.min(stream.columns ?? WIDTH_OF_NO_TERMINAL, WIDTH_MAX)
  const head = paint(['bold', colours[decision.outcome]], decision.outcome.toUpperCase())
  const body = laidOut(lines, width, (text) => paint('dim', text))
  const statement = laidOut([{ name: 'sql', value: printable(redactedText) }], width, (text) => paint('dim', text))
  return `${head}${place === '' ? '' : `  ${paint('dim', place)}`}\n${statement}\n${body}\n`
}

/** Each rule that fired with the facts it could see, where a policy decided. */
export function explainedFacts({ decision }: Judgement): readonly RuleFacts[] {
  const grounds = groundsOf(decision)
  return grounds === undefined ? [] : factsUsed(decision, JSON.parse(grounds.input) as ShownInput, grounds.rules)
}

/** Each rule once with each of its reasons, and under it what it saw. */
function rulesOf(judgement: Judgement): readonly Line[] {
  const used = new Map(explainedFacts(judgement).map(({ rule, facts }) => [rule, facts]))
  const { rules, unenforced = [] } = judgement.decision
  const said = [
    ...rules.map(({ id, outcome, reason }) => ({ id, name: outcome as string, reason })),
    ...unenforced.map(({ id, why, outcome, reason }) => ({ id, name: why, reason: `would ${outcome}: ${reason}` })),
  ]
  return said.flatMap(({ id, name, reason }) => {
    const facts = used.get(id)
    used.delete(id)
    const saw = Object.entries(facts ?? {}).map(([path, value]) => `${path}: ${brief(value)}`)
    return [
      { name, value: `${reason}  (${id})` },
      ...(saw.length === 0 ? [] : [{ name: '', value: `because ${saw.join('; ')}`, below: true }]),
    ]
  })
}

function named(name: string, values: readonly string[]): readonly Line[] {
  return values.map((value, index) => ({ name: index === 0 ? name : '', value }))
}

function masksOf({ masks }: Decision): readonly Line[] {
  const shown = masks.map(({ schema, relation, column, method }) => `${schema}.${relation}.${column} by ${method}`)
  return named('masked', shown)
}

function reviewersOf({ reviewers, expiryMs, onHold }: Decision): readonly string[] {
  const minutes = expiryMs === null ? '' : ` within ${Math.round(expiryMs / MINUTE_MS)} min`
  return reviewers.map(({ group, count }) => `${count} of ${group}${minutes}; the client gets: ${onHold ?? 'nothing'}`)
}

function limitsOf({ limits }: Decision): readonly string[] {
  if (limits === undefined) return []
  const rows = limits.rows === null ? [] : [`${limits.rows.toLocaleString('en')} rows`]
  const time = limits.timeoutMs === null ? [] : [`${limits.timeoutMs.toLocaleString('en')} ms`]
  const { rowsWrittenMax: max = null } = limits
  const written = max === null ? [] : [`${max.toLocaleString('en')} rows written`]
  return [[...rows, ...time, ...written].join(', ')]
}

function relationText({ schema, name, access, through, labels }: Facts['relations'][number]): string {
  const by = through.length === 0 ? '' : ` through ${through.join(' → ')}`
  const sensitive = labels.length === 0 ? '' : ` [${labels.join(', ')}]`
  return `${schema === '' ? '' : `${schema}.`}${name} (${access.join(', ')})${by}${sensitive}`
}
