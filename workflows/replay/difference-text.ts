import type { Difference, Way } from './difference.ts'

/** As many as the comment on a pull request names. */
const NAMED_RULES_MAX = 40

/** A difference as people read it in a terminal. */
export function differenceText(difference: Difference): string {
  const { inputs, decisions, differing, ways, statements, identities, failed, incomplete } = difference
  const number = (value: number): string => value.toLocaleString('en-US')
  const lines = [
    `${number(differing.decisions)} of ${number(decisions)} decisions would differ (${number(differing.inputs)} of ${number(inputs)} distinct inputs)`,
    ...ways.map((way) => `  ${number(way.decisions).padStart(9)}  ${wayText(way)}`),
    ...section('statements most affected', statements, ({ fingerprint, tag, relations, decisions: count }) => {
      return `${number(count).padStart(9)}  ${tag} ${relations.join(', ')}  ${fingerprint}`
    }),
    ...section('identities most affected', identities, ({ name, kind, decisions: count }) => {
      return `${number(count).padStart(9)}  ${printable(name)} (${kind})`
    }),
    ...rules('never fired', difference.neverFired),
    ...rules('no longer fire', difference.noLongerFire),
    ...rules('newly fire', difference.newlyFire),
    ...(failed.after > 0
      ? [`${number(failed.after)} inputs have no answer by the changed policy, which is a deny`]
      : []),
    ...(incomplete > 0 ? [`${number(incomplete)} inputs lack a volatile field that the changed policy reads`] : []),
  ]
  return `${lines.join('\n')}\n`
}

/** `allow → hold`, or what else changed within an outcome. */
export function wayText({ from, to, changed }: Pick<Way, 'from' | 'to' | 'changed'>): string {
  return from === to ? `${from}, with other ${changed.join(' and ')}` : `${from} → ${to}`
}

function section<T>(title: string, list: readonly T[], line: (item: T) => string): readonly string[] {
  return list.length === 0 ? [] : [title, ...list.map((item) => `  ${line(item)}`)]
}

function rules(title: string, ids: readonly string[]): readonly string[] {
  if (ids.length === 0) return []
  const more = ids.length > NAMED_RULES_MAX ? ` and ${ids.length - NAMED_RULES_MAX} more` : ''
  return [`${title}: ${ids.slice(0, NAMED_RULES_MAX).join(', ')}${more}`]
}

/** Names come from outside. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�')
}
