import type pg from 'pg'
import { inTransaction, rowsOf } from '../state/transaction.ts'
import { writeReleaseNotice } from './notices.ts'

/**
 * That the branch cannot be looked at: kept where doctor and console see it, told once when it lasts, and told when it is
 * over. It says nothing of any commit, and the release in force stays.
 */
export interface BranchFailure {
  readonly text: string
  readonly hint: string | null
  readonly since: string
  readonly told: boolean
}

const TELL_AFTER_MS = 15 * 60_000

export async function keepFailure(pool: pg.Pool, error: unknown, now: number): Promise<void> {
  const text = error instanceof Error ? error.message : 'Something failed'
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : null
  await inTransaction(pool, async (client) => {
    const before = await failureIn(client)
    const since = before?.since ?? new Date(now).toISOString()
    const tell = before?.told !== true && now - Date.parse(since) >= TELL_AFTER_MS
    const failure: BranchFailure = { text, hint, since, told: tell || before?.told === true }
    await client.query('UPDATE followed_branch SET failure = $1', [JSON.stringify(failure)])
    if (!tell) return
    const title = `The branch of the policies could not be looked at for a quarter of an hour: ${text}. The release in force stays.`
    const lines = hint === null ? [] : [hint]
    await writeReleaseNotice(client, { kind: 'unreachable', title, lines, commit: null, url: null }, new Date(now))
  })
}

export async function endFailure(pool: pg.Pool, now: number): Promise<void> {
  await inTransaction(pool, async (client) => {
    const before = await failureIn(client)
    if (before === null) return
    await client.query('UPDATE followed_branch SET failure = NULL')
    if (!before.told) return
    const title = `The branch of the policies can be looked at again; it could not since ${before.since}.`
    await writeReleaseNotice(client, { kind: 'reachable', title, lines: [], commit: null, url: null }, new Date(now))
  })
}

async function failureIn(client: pg.PoolClient): Promise<BranchFailure | null> {
  const [row] = await rowsOf<{ failure: BranchFailure | null }>(
    client,
    'SELECT failure FROM followed_branch FOR UPDATE',
  )
  return row?.failure ?? null
}
