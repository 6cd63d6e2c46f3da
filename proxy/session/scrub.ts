import type { Judgement } from '../gate.ts'
import { scrubError } from '../masking/scrub-error.ts'
import { decodeReport, encodeFields } from '../wire/messages/error-response.ts'

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
