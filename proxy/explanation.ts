import type { Decision } from '../policies/decision.ts'
import { groundsOf } from '../policies/evaluate.ts'
import { factsUsed, type RuleFacts } from '../policies/facts-used.ts'
import type { Facts } from '../policies/input.ts'
import type { ShownInput } from '../policies/manifest.ts'
import type { Judgement } from './gate.ts'

const MINUTE_MS = 60_000
const STATEMENT_CHARS = 100

/** A judgement as people read it in a terminal; what the statement says is made printable first. */
export function explanation(judgement: Judgement): string {
  const { redactedText, facts, decision } = judgement
  const lines = [
    ['', printable(redactedText)],
    ...decision.rules.map(({ id, reason, outcome }) => [outcome, `${reason}  (${id})`] as const),
    ...masksOf(decision).map((mask) => ['masked', mask] as const),
    ...reviewersOf(decision).map((who) => ['asks', who] as const),
    ...usedBy(judgement).map((used) => ['because', used] as const),
    ['does', facts.effects.join(', ')],
    ...relationsOf(facts).map((relation) => ['touches', relation] as const),
    ...(facts.flags.length === 0 ? [] : [['flags', facts.flags.join(', ')] as const]),
    ...facts.unresolved.map(({ code, detail }) => ['unclear', `${code}: ${detail}`] as const),
  ]
  const body = lines.map(([name, value]) => `  ${(name ?? '').padEnd(8)} ${printable(value ?? '')}`.trimEnd())
  return `${decision.outcome.toUpperCase()}\n${body.join('\n')}\n`
}

/** Each rule that fired with the facts it could see, where a policy decided. */
export function explainedFacts({ decision }: Judgement): readonly RuleFacts[] {
  const grounds = groundsOf(decision)
  return grounds === undefined ? [] : factsUsed(decision, JSON.parse(grounds.input) as ShownInput, grounds.rules)
}

function usedBy(judgement: Judgement): readonly string[] {
  return explainedFacts(judgement).map(({ rule, facts }) => {
    const values = Object.entries(facts).map(([path, value]) => `${path} = ${JSON.stringify(value)}`)
    return `${rule} saw ${values.join('; ')}`
  })
}

function masksOf({ masks }: Decision): readonly string[] {
  return masks.map(({ schema, relation, column, method }) => `${schema}.${relation}.${column} by ${method}`)
}

function reviewersOf({ reviewers, expiryMs, onHold }: Decision): readonly string[] {
  const minutes = expiryMs === null ? '' : ` within ${Math.round(expiryMs / MINUTE_MS)} min`
  return reviewers.map(({ group, count }) => `${count} of ${group}${minutes}; the client gets: ${onHold ?? 'nothing'}`)
}

function relationsOf({ relations }: Facts): readonly string[] {
  return relations.map(({ schema, name, access, through, labels }) => {
    const by = through.length === 0 ? '' : ` through ${through.join(' → ')}`
    const sensitive = labels.length === 0 ? '' : ` [${labels.join(', ')}]`
    return `${schema}.${name} (${access.join(', ')})${by}${sensitive}`
  })
}

/** One line without control, bidi or zero-width characters. */
function printable(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  const shown = line.replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  })
  return shown.length > STATEMENT_CHARS * 3 ? `${shown.slice(0, STATEMENT_CHARS * 3)} …` : shown
}
