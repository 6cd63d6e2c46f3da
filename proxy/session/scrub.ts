import type { Judgement } from '../gate.ts'
import { scrubError } from '../masking/scrub-error.ts'
import { decodeReport, encodeFields } from '../wire/messages/error-response.ts'
import type { SessionContext } from './context.ts'
import type { Slot } from './exchange.ts'

/** An error or a notice without what it quotes; a name stays only where the statement itself gave it. */
export function scrubReport(message: Buffer, judgements: readonly Judgement[]): Buffer {
  return encodeFields(message[0] as number, scrubError(decodeReport(message), namesIn(judgements)))
}

function namesIn(judgements: readonly Judgement[]): ReadonlySet<string> {
  const names = judgements.flatMap(({ facts }) => [
    ...facts.relations.flatMap(({ schema, name }) => [schema, name]),
    ...facts.columns.map(({ column }) => column),
  ])
  return new Set(names)
}

/**
 * Whose text is withheld in what comes now; null: nobody's. The end of a transaction runs what was put off until then
 * (deferred constraints, cursors WITH HOLD), and fails with the values of statements that were answered long before.
 */
export function withheldNow({ exchange, state }: SessionContext): readonly Judgement[] | null {
  const { first } = exchange
  if (first === undefined) return null
  if (first.scrub !== null) return first.scrub
  return state.withheld.size > 0 && mayRunDeferred(first) ? [...state.withheld] : null
}

function mayRunDeferred({ kind, runs }: Slot): boolean {
  return kind === 'sync' || runs.some(({ judgement }) => judgement.facts.effects.includes('transaction'))
}
