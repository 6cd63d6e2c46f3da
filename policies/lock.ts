import { z } from 'zod'

/** Weakest first, as in the manual’s table 13.2. */
export const TABLE_LOCK_MODES = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const

export type TableLockMode = (typeof TABLE_LOCK_MODES)[number]

/**
 * A lock that a statement takes, in the manual's words.
 * https://www.postgresql.org/docs/current/explicit-locking.html
 */
export const lock = z.strictObject({
  on: z.enum(['relation', 'rows', 'advisory']).describe('rows: of a relation, by FOR UPDATE and its like'),
  schema: z.string().describe('Empty for an advisory lock'),
  relation: z.string().describe('Empty for an advisory lock'),
  mode: z
    .enum([
      ...TABLE_LOCK_MODES,
      'FOR KEY SHARE',
      'FOR SHARE',
      'FOR NO KEY UPDATE',
      'FOR UPDATE',
      'ADVISORY SHARE',
      'ADVISORY EXCLUSIVE',
    ])
    .describe('For a relation the strongest that is taken; what is not known to take less takes ACCESS EXCLUSIVE'),
  wait: z.enum(['wait', 'nowait', 'skip_locked']).describe('What happens where another session has it'),
})

export type Lock = z.infer<typeof lock>
