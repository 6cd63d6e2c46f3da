import { z } from 'zod'
import { type AlikeView, alikeView } from '../console/alike-schema.ts'
import { type ExamplesView, examplesView } from '../console/consequences-schema.ts'
import { type DelegationView, delegationView } from '../console/delegation-schema.ts'
import { holdsPage } from '../console/page-schema.ts'
import { type HoldSummary, type HoldView, holdView } from '../console/schemas.ts'
import { HoldsCommandError } from './errors.ts'

/** The console's API with a bearer token. */
export interface ConsoleClient {
  /** As many as wanted, page by page; and whether there are more. */
  list(filter: {
    readonly status: string | undefined
    readonly limit: number
  }): Promise<{ readonly holds: readonly HoldSummary[]; readonly more: boolean }>
  show(id: string): Promise<HoldView>
  /** Rows of it as you may see them; null: there are none, or none for you. Each time that is put on record. */
  examples(hold: HoldView): Promise<ExamplesView | null>
  /** What waits as well and would run at once by an approval of all. */
  alike(id: string): Promise<AlikeView>
  vote(id: string, vote: { choice: 'approve' | 'reject'; reason: string | null; alike: boolean }): Promise<HoldView>
  withdraw(id: string): Promise<HoldView>
  giveReason(id: string, reason: string): Promise<HoldView>
  breakGlass(id: string, reason: string): Promise<HoldView>
  review(id: string, verdict: 'reviewed' | 'disputed', reason: string | null): Promise<HoldView>
  delegations(): Promise<readonly DelegationView[]>
  delegate(to: string, until: string, from?: string): Promise<DelegationView>
  undelegate(id: string): Promise<readonly DelegationView[]>
}

/** 2: what you said, 3: who you are is the problem, 4: no such hold, 5: too late or already answered, 1: anything else. */
const exitStatuses: Readonly<Record<number, number>> = { 400: 2, 401: 3, 403: 3, 404: 4, 409: 5 }
const TIMEOUT_MS = 15_000
const PAGE = 500

const listed = z.object({ delegations: z.array(delegationView) })
const problem = z.object({ detail: z.string(), hint: z.string().optional(), status: z.number() })

export function consoleClient(url: string, token: string): ConsoleClient {
  const ask = async <T>(schema: z.ZodType<T>, path: string, body?: object): Promise<T> => {
    const response = await fetch(new URL(path, url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      redirect: 'error', // a token goes to the console and nowhere else
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw unreachable(url, cause)
    })
    const answer: unknown = await response.json().catch(() => null)
    const parsed = schema.safeParse(answer)
    if (response.ok && parsed.success) return parsed.data
    throw refusal(url, problem.safeParse(answer).data)
  }
  const path = (id: string): string => `/api/holds/${inAddress(id)}`
  return {
    list: async ({ status, limit }) => {
      const holds: HoldSummary[] = []
      let next: string | null = null
      do {
        const query = new URLSearchParams({ limit: String(Math.min(PAGE, limit - holds.length)) })
        if (status !== undefined) query.set('status', status)
        if (next !== null) query.set('after', next)
        const page = await ask(holdsPage, `/api/holds?${query}`)
        holds.push(...page.holds)
        next = page.next
      } while (next !== null && holds.length < limit)
      return { holds, more: next !== null }
    },
    show: (id) => ask(holdView, path(id)),
    examples: async ({ id, consequences }) =>
      consequences?.examples == null ? null : ask(examplesView, `${path(id)}/examples`).catch(noneOfThem),
    alike: (id) => ask(alikeView, `${path(id)}/alike`),
    vote: (id, vote) => ask(holdView, `${path(id)}/votes`, vote),
    withdraw: (id) => ask(holdView, `${path(id)}/withdraw`, {}),
    giveReason: (id, reason) => ask(holdView, `${path(id)}/reason`, { reason }),
    breakGlass: (id, reason) => ask(holdView, `${path(id)}/break-glass`, { reason }),
    review: (id, verdict, reason) => ask(holdView, `${path(id)}/review`, { verdict, reason }),
    delegations: async () => (await ask(listed, '/api/delegations')).delegations,
    delegate: (to, until, from) =>
      ask(delegationView, '/api/delegations', { to, until, ...(from === undefined ? {} : { from }) }),
    undelegate: async (id) => (await ask(listed, `/api/delegations/${inAddress(id)}/revoke`, {})).delegations,
  }
}

/** What is no id at all could be another address (`..`). */
function inAddress(id: string): string {
  if (/^[\w-]{1,200}$/.test(id)) return id
  throw new HoldsCommandError('refused', 'There is nothing by that id.', {
    exitStatus: 4,
    hint: 'holdpoint holds list shows the ids; they begin with hold_',
  })
}

/** The rest of the hold is of use without them. */
function noneOfThem(error: unknown): null {
  if (error instanceof HoldsCommandError) return null
  throw error
}

function unreachable(url: string, cause: unknown): HoldsCommandError {
  return new HoldsCommandError('unreachable', `The console at ${new URL(url).origin} does not answer`, {
    cause,
    exitStatus: 1,
    hint: 'Check that Holdpoint runs, or name its console with --url',
  })
}

function refusal(url: string, said: z.infer<typeof problem> | undefined): HoldsCommandError {
  if (said === undefined)
    return new HoldsCommandError('refused', `What answers at ${new URL(url).origin} is not a Holdpoint console`, {
      exitStatus: 1,
      hint: 'Name the console with --url',
    })
  const hint = said.hint ?? (said.status === 401 ? 'HOLDPOINT_TOKEN must be a token of yours that is still good' : null)
  return new HoldsCommandError('refused', said.detail, {
    exitStatus: exitStatuses[said.status] ?? 1,
    ...(hint === null ? {} : { hint }),
  })
}
