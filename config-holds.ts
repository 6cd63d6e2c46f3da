import { z } from 'zod'

const atLeast = (least: number) => z.coerce.number().int().min(least)

/** What may be held, and for how long somebody waits for what. */
export const holdsConfig = z
  .strictObject({
    inTransactionMs: atLeast(1).default(60_000),
    previewTimeoutMs: atLeast(1).default(2_000),
    pendingMax: atLeast(1).default(10_000),
    pendingPerAskerMax: atLeast(1)
      .default(1_000)
      .describe('Of one person, with all agents and services that ask for them'),
    abandonedAfterMs: atLeast(1_000).default(30_000),
  })
  .prefault({})
