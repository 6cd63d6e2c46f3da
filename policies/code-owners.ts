/**
 * Who owns which file, by the rules that GitHub gives for CODEOWNERS: the last line that matches counts, and a line may
 * name nobody. A line that GitHub would skip as wrong makes the whole file unusable here: what it was meant to protect
 * is not known.
 * https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
 */
export interface CodeOwners {
  /** `@user`, `@org/team` or an address, in small letters; empty: nobody owns it. */
  ownersOf(path: string): readonly string[]
  /** Every team that is named, as `org/slug`. */
  readonly teams: readonly string[]
  /** Every address that is named: whose it is cannot be told, so nobody approves for it. */
  readonly addresses: readonly string[]
}

export interface OwnersProblem {
  readonly line: number
  readonly text: string
}

/** Where it may be; the first that exists counts. */
export const CODE_OWNERS_PATHS = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS'] as const
/** As on GitHub. */
export const CODE_OWNERS_BYTES_MAX = 3 * 1024 * 1024

const OWNER = /^(@[a-z\d](?:[a-z\d-]*[a-z\d])?(?:_[a-z\d]+)?(?:\/[\w.-]+)?|[^@\s]+@[^@\s]+)$/i
const PATTERN_CHARS_MAX = 500

export function parseCodeOwners(text: string): CodeOwners | OwnersProblem {
  const rules: { readonly matches: RegExp; readonly owners: readonly string[] }[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const [pattern, ...owners] = wordsOf(raw)
    if (pattern === undefined) continue
    const matches = patternOf(pattern)
    if (matches === null || !owners.every((owner) => OWNER.test(owner)))
      return { line: index + 1, text: raw.trim().slice(0, 200) }
    rules.push({ matches, owners: owners.map((owner) => owner.toLowerCase()) })
  }
  const named = [...new Set(rules.flatMap(({ owners }) => owners))]
  return {
    ownersOf: (path) => rules.findLast(({ matches }) => matches.test(path))?.owners ?? [],
    teams: named.filter((owner) => /^@.+\//.test(owner)).map((team) => team.slice(1)),
    addresses: named.filter((owner) => !owner.startsWith('@')),
  }
}

/** Split at blanks that are not escaped, without what follows a number sign. */
function wordsOf(line: string): readonly string[] {
  const words = line.trim().match(/(?:\\.|[^\s\\])+/g) ?? []
  const comment = words.findIndex((word) => word.startsWith('#'))
  return comment === -1 ? words : words.slice(0, comment)
}

/** @returns null for what CODEOWNERS does not have: `!`, `[ ]`, an escaped number sign */
function patternOf(pattern: string): RegExp | null {
  if (pattern.length > PATTERN_CHARS_MAX || /^!|[[\]]|\\#|\\$/.test(pattern)) return null
  const anchored = pattern.slice(0, -1).includes('/')
  const folder = pattern.endsWith('/')
  const parts = pattern.replace(/^\//, '').replace(/\/$/, '')
  if (parts === '') return null
  const body = parts
    .replaceAll(/\\(.)/g, '$1')
    .replaceAll(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll(/\*\*\/|\*+|\?/g, (wild) =>
      wild === '**/' ? '(?:[^/]+/)*' : wild === '?' ? '[^/]' : wild === '*' ? '[^/]*' : '.*',
    )
  // `docs/*` is what lies in docs, not what lies below it; every other pattern that names a folder means all in it.
  const below = folder ? '/.*' : parts.endsWith('/*') || parts.endsWith('/**') ? '' : '(?:/.*)?'
  return new RegExp(`^${anchored ? '' : '(?:[^/]+/)*'}${body}${below}$`, 's')
}
