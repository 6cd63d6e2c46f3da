import type { Answer } from '../../stand-ins/github-answers.ts'
import type { ProvenanceStand } from './provenance-stand.ts'

/** The truth, with something else in its place where `path` is asked for. */
export async function twisted(stand: ProvenanceStand, path: RegExp, twist: (truth: unknown) => unknown): Promise<void> {
  const asked = stand.github.calls.length
  await stand.verify()
  const [called = ''] = stand.github.calls.slice(asked).filter((call) => path.test(call))
  const response = await fetch(`${stand.github.url}${called.split(' ')[1]}`, {
    headers: { authorization: 'token follower', 'user-agent': 'test' },
  })
  const body = twist(await response.json())
  stand.github.misbehave((_method, at): Answer | null => (path.test(at) ? { status: 200, body } : null))
}

export const one = (changes: object) => (truth: unknown) => ({ ...(truth as object), ...changes })
export const each = (changes: object) => (truth: unknown) =>
  (truth as object[]).map((item) => ({ ...item, ...changes }))
/** Of a pull request, where it was to be merged into. */
export const into = (changes: { readonly ref?: string; readonly repo?: object | null }) => (truth: unknown) => ({
  ...(truth as object),
  base: { ...(truth as { base: object }).base, ...changes },
})
