import type { Repeated } from '../../workflows/holds/repeated.ts'
import type { Span } from './span.ts'

/** That people keep saying yes to the same, and what could be done about it. */
export function repeatedWords(repeated: Repeated | undefined): readonly (readonly Span[])[] {
  if (repeated === undefined) return []
  const { times, days, proposed } = repeated
  const next =
    proposed === null
      ? ' A narrow exception that ends can be proposed; others review it.'
      : ' An exception has been proposed; others review it.'
  return [[{ bold: `Approved ${times} times in ${days} days` }, `, the same asker, target and shape.${next}`]]
}
