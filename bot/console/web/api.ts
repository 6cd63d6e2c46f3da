import type { AlikeView } from '../alike-schema.ts'
import type { ExamplesView } from '../consequences-schema.ts'
import type { DelegationView } from '../delegation-schema.ts'
import type { HoldsPage } from '../page-schema.ts'
import type { PullView, ReleasesView, ReleaseView } from '../release-schema.ts'
import type { HoldSummary, HoldView, Me, SlackLinkView } from '../schemas.ts'

/** The console's own API, with the signed-in browser's proof on every write. */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string
  readonly hint: string | null

  constructor(problem: {
    readonly status: number
    readonly code: string
    readonly detail: string
    readonly hint?: string
  }) {
    super(problem.detail)
    this.status = problem.status
    this.code = problem.code
    this.hint = problem.hint ?? null
  }
}

let csrfToken: string | null = null

export async function fetchMe(): Promise<Me> {
  const me = await ask<Me>('GET', '/api/me')
  csrfToken = me.csrfToken
  return me
}

export interface Wanted {
  readonly status?: 'pending' | 'decided'
  readonly which?: 'all' | 'asked' | 'to_answer' | 'to_review'
}

/** The first pages of a list, in one. */
export async function fetchHolds(wanted: Wanted, pages = 1): Promise<HoldsPage> {
  const holds: HoldSummary[] = []
  let next: string | null = null
  for (let page = 0; page < pages && (page === 0 || next !== null); page++) {
    const query = new URLSearchParams({ limit: '200', ...wanted, ...(next === null ? {} : { after: next }) })
    const answer: HoldsPage = await ask('GET', `/api/holds?${query}`)
    holds.push(...answer.holds)
    next = answer.next
  }
  return { holds, next }
}

export const fetchHold = (id: string): Promise<HoldView> => ask('GET', `/api/holds/${encodeURIComponent(id)}`)

export const fetchAlike = (id: string): Promise<AlikeView> => ask('GET', `/api/holds/${encodeURIComponent(id)}/alike`)

export const fetchExamples = (id: string): Promise<ExamplesView> =>
  ask('GET', `/api/holds/${encodeURIComponent(id)}/examples`)

interface Said {
  readonly choice: 'approve' | 'reject'
  readonly reason: string
  /** For others like it, too. */
  readonly alike: boolean
}

export const vote = (id: string, { choice, reason, alike }: Said): Promise<HoldView> =>
  ask('POST', `/api/holds/${encodeURIComponent(id)}/votes`, { choice, reason, ...(alike ? { alike } : {}) })

export const giveReason = (id: string, reason: string): Promise<HoldView> =>
  ask('POST', `/api/holds/${encodeURIComponent(id)}/reason`, { reason })

export const breakGlass = (id: string, reason: string): Promise<HoldView> =>
  ask('POST', `/api/holds/${encodeURIComponent(id)}/break-glass`, { reason })

export const review = (id: string, verdict: 'reviewed' | 'disputed', reason: string): Promise<HoldView> =>
  ask('POST', `/api/holds/${encodeURIComponent(id)}/review`, { verdict, reason })

export const undoAlike = (id: string): Promise<HoldView> =>
  ask('POST', `/api/holds/${encodeURIComponent(id)}/undo-alike`, {})

export const withdraw = (id: string): Promise<HoldView> =>
  ask('POST', `/api/holds/${encodeURIComponent(id)}/withdraw`, {})

export const fetchReleases = (): Promise<ReleasesView> => ask('GET', '/api/releases')

export const fetchRelease = (commit: string): Promise<ReleaseView> =>
  ask('GET', `/api/releases/${encodeURIComponent(commit)}`)

export const fetchPull = (number: number): Promise<PullView> => ask('GET', `/api/releases/pulls/${number}`)

export const pinRelease = (pin: { release: string; reason: string; minutes: number }): Promise<ReleasesView> =>
  ask('POST', '/api/releases/pins', pin)

export const confirmPin = (id: string): Promise<ReleasesView> =>
  ask('POST', `/api/releases/pins/${encodeURIComponent(id)}/confirm`, {})

export const unpinRelease = (): Promise<ReleasesView> => ask('POST', '/api/releases/unpin', {})

export const fetchDelegations = async (): Promise<readonly DelegationView[]> =>
  (await ask<{ delegations: DelegationView[] }>('GET', '/api/delegations')).delegations

export const delegate = (to: { to: string; from?: string; until: string }): Promise<DelegationView> =>
  ask('POST', '/api/delegations', to)

export const revokeDelegation = (id: string): Promise<unknown> =>
  ask('POST', `/api/delegations/${encodeURIComponent(id)}/revoke`, {})

export const fetchSlackLink = (code: string): Promise<SlackLinkView> =>
  ask('GET', `/api/slack-link?code=${encodeURIComponent(code)}`)

export const confirmSlackLink = (code: string): Promise<unknown> => ask('POST', '/api/slack-link', { code })

export const signOut = (): Promise<unknown> => ask('POST', '/sign-out', {})

async function ask<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
  const response = await fetch(path, {
    method,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(body === undefined || csrfToken === null ? {} : { 'x-holdpoint-csrf': csrfToken }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new ApiProblem({ status: 0, code: 'unreachable', detail: 'The console does not answer.' })
  })
  if (response.status === 204) return undefined as T
  const answer = await response.json().catch(() => null)
  if (response.ok && answer !== null) return answer
  throw new ApiProblem(
    answer ?? { status: response.status, code: 'unreadable', detail: 'The console gave no readable answer.' },
  )
}
