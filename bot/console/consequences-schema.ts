import { z } from 'zod'

/** What running it would do, as workflows/holds/consequences.ts has it. */
const cells = z.array(z.string().nullable())

export const consequences = z.object({
  locks: z.array(z.object({ table: z.string(), mode: z.string() })),
  cascades: z
    .array(
      z.object({
        table: z.string(),
        constraint: z.string(),
        does: z.enum(['delete', 'update', 'set_null', 'set_default']),
        from: z.string(),
        rows: z.number().nullable(),
      }),
    )
    .nullable()
    .describe('null: could not be found out in time'),
  triggers: z
    .array(
      z.object({
        table: z.string(),
        name: z.string(),
        runs: z.string(),
        on: z.enum(['insert', 'update', 'delete', 'truncate']),
        timing: z.enum(['before', 'after', 'instead']),
        enabled: z.enum(['always', 'origin', 'replica', 'disabled']),
      }),
    )
    .nullable(),
  undo: z.object({
    how: z.enum(['nothing_to_undo', 'by_hand', 'partly', 'impossible', 'unknown']),
    sentence: z.string(),
  }),
  examples: z
    .number()
    .nullable()
    .describe('How many rows there are to be asked for at /examples; null: none, or none for you'),
})

/** unknown with ofRows: not counted, of about so many. */
const rowsSeen = z.object({
  kind: z.enum(['counted', 'estimated', 'unknown']),
  rows: z.number().nullable(),
  ofRows: z.number().nullable(),
})

export const preview = rowsSeen.extend({
  each: z
    .array(rowsSeen.extend({ tag: z.string() }))
    .readonly()
    .optional()
    .describe('Of several statements in one message: each as if it came alone'),
})

/** A hold's example rows as you may see them at this moment. */
export const examplesView = z.object({
  columns: z.array(
    z.object({
      name: z.string(),
      labels: z.array(z.string()),
      seen: z
        .enum(['clear', 'masked', 'hidden'])
        .describe('masked: as the policy masks it for you; hidden: what you may see of it could not be established'),
    }),
  ),
  rows: z.array(z.object({ before: cells.nullable(), after: cells.nullable(), changed: z.array(z.boolean()) })),
  whyHidden: z.string().nullable().describe('Why nothing of them is shown'),
})

export type ExamplesView = z.infer<typeof examplesView>
export type ConsequencesView = z.infer<typeof consequences>
