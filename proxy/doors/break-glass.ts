import { setTimeout as delay } from 'node:timers/promises'
import { assertIsFor, ScopeError } from '../../policies/scopes.ts'
import { HoldError } from '../../workflows/holds/errors.ts'
import { ResultError } from '../../workflows/results/errors.ts'
import type { Answer } from './answer.ts'
import type { AskParts } from './ask.ts'
import type { Ask } from './run-statement.ts'

/**
 * Runs at once what is held, by its asker's own hand and with a reason: a person of the group that the policy names. The
 * holds decide that, tell the reviewers and want it reviewed; then the session judges it anew and takes it like an
 * approval. Who may not is held like everybody, and told why.
 */
export type Breaking =
  | { readonly answer: Answer }
  /** Nothing was run. */
  | { readonly answer: null; readonly why: string }

const POLL_MS = 50

export async function breakingGlass(ask: Ask & { readonly breakGlass: string }, parts: AskParts): Promise<Breaking> {
  const first = await parts.run({ ...ask, onHold: 'error' })
  if (first.kind !== 'held') return { answer: first }
  const { hold } = first
  try {
    assertIsFor(ask.identity, 'holdpoint:approve')
    await parts.holds.breakGlass(hold.id, ask.identity, { reason: ask.breakGlass, via: ask.door })
  } catch (error) {
    if (error instanceof HoldError || error instanceof ScopeError) return { answer: null, why: error.message }
    throw error
  }
  // What was deferred before is run by who runs what is deferred; there is one run in it.
  const answer = hold.mode === 'defer' ? await resultOf(hold.id, ask, parts) : null
  return { answer: answer ?? (await parts.run({ ...ask, onHold: 'error' })) }
}

/** null: it was not kept after all, so nobody will run it. */
async function resultOf(hold: string, { signal }: Ask, { runs }: AskParts): Promise<Answer | null> {
  for (;;) {
    try {
      return JSON.parse(await runs.fetch(hold)) as Answer
    } catch (error) {
      if (!(error instanceof ResultError)) throw error
      if (error.code === 'no_result') return null
      if (error.code !== 'result_pending') throw error
    }
    await delay(POLL_MS, undefined, { signal })
  }
}
