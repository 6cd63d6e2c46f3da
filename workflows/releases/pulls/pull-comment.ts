import type { Coverage } from '../../../policies/test-policies.ts'
import type { Difference } from '../../replay/difference.ts'

/**
 * The one comment on a pull request. Whoever opens one chooses the names in it, so everything that is not ours stands
 * in code, where nothing is a link, a mention or markup.
 */
export interface PullAnswer {
  readonly head: string
  readonly branchHead: string
  readonly release: string | null
  readonly conclusion: 'success' | 'failure'
  /** Why it fails, as sentences; their own words come from files of the pull request. */
  readonly reasons: readonly string[]
  readonly digest: string | null
  readonly changes: readonly string[]
  readonly coverage: Coverage | null
  /** Tests that pass in OPA and in WebAssembly, and their inputs that this very module decides as OPA does. */
  readonly tests?: { readonly passed: number; readonly decisions: number } | null
  readonly difference: Difference | null
}

/** Hidden in the comment, so that it is found again. */
export const MARKER = '<!-- holdpoint: the answer to this pull request -->'
const COMMENT_CHARS_MAX = 60_000
const LISTED_MAX = 10

export function pullComment(answer: PullAnswer, url: string): string {
  const { conclusion, reasons, head, digest, release } = answer
  const lines = [
    MARKER,
    `### Holdpoint: ${conclusion === 'success' ? 'ready as far as this check goes' : 'not ready'}`,
    ...reasons.map((reason) => `- ${code(reason)}`),
    '',
    ...differenceLines(answer),
    ...(answer.changes.length === 0
      ? []
      : ['', '**What changes**', ...answer.changes.slice(0, 40).map((change) => `- ${code(change)}`)]),
    ...testLines(answer),
    '',
    `Built from ${code(head.slice(0, 12))}${digest === null ? '' : `, digest ${code(digest)}`}, compared with ${
      release === null ? 'nothing: there is no release yet' : code(release.slice(0, 12))
    }. [The difference in the console](${url})`,
  ]
  const text = lines.join('\n')
  return text.length <= COMMENT_CHARS_MAX
    ? text
    : `${text.slice(0, COMMENT_CHARS_MAX).toWellFormed()}\n\n… cut; the console has all of it.`
}

function differenceLines({ difference }: PullAnswer): readonly string[] {
  if (difference === null) return ['Nothing was replayed.']
  const { decisions, differing, ways, statements, identities, neverFired, failed } = difference
  const count = (value: number): string => value.toLocaleString('en')
  const lines = [`**${count(differing.decisions)} of ${count(decisions)} recorded decisions would differ.**`]
  if (ways.length > 0)
    lines.push(
      '',
      '| from | to | what | decisions |',
      '| --- | --- | --- | --- |',
      ...ways
        .slice(0, LISTED_MAX)
        .map((way) => `| ${way.from} | ${way.to} | ${way.changed.join(', ')} | ${count(way.decisions)} |`),
    )
  if (statements.length > 0)
    lines.push(
      '',
      'Statements most affected, by fingerprint:',
      ...statements
        .slice(0, LISTED_MAX)
        .map(
          ({ fingerprint, tag, relations, decisions: of }) =>
            `- ${code(`${fingerprint} ${tag} ${relations.join(', ')}`)}: ${count(of)}`,
        ),
    )
  if (identities.length > 0)
    lines.push(
      '',
      'Identities most affected:',
      ...identities
        .slice(0, LISTED_MAX)
        .map(({ name, kind, decisions: of }) => `- ${code(`${name} (${kind})`)}: ${count(of)}`),
    )
  if (neverFired.length > 0)
    lines.push('', `Rules that fired for none of them: ${neverFired.slice(0, 40).map(code).join(', ')}`)
  if (failed.after > 0)
    lines.push('', `For ${count(failed.after)} inputs the changed policy had no answer, which is a deny.`)
  return lines
}

function testLines({ coverage, tests }: PullAnswer): readonly string[] {
  const count = (value: number): string => value.toLocaleString('en')
  const ran =
    tests == null
      ? []
      : ['', `${count(tests.passed)} tests pass in OPA and in WebAssembly; ${testedWith(count(tests.decisions))}.`]
  return [...ran, ...(coverage === null ? [] : ['', `Tests reach ${coverage.percent} % of the rules’ lines.`])]
}

export function testedWith(inputs: string): string {
  return `of their ${inputs} inputs the module with this digest decides each as OPA does`
}

/** Nothing in here is markup: no backtick ends it, and no line. */
export function code(text: string): string {
  const plain = text
    .replaceAll(/[`\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll('|', '¦')
    .trim()
    .slice(0, 500)
    .toWellFormed()
  return `\`${plain === '' ? ' ' : plain}\``
}
