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
    .object({
      columns: z.array(z.object({ name: z.string(), labels: z.array(z.string()) })),
      rows: z.array(z.object({ before: cells.nullable(), after: cells.nullable(), changed: z.array(z.boolean()) })),
    })
    .nullable()
    .describe('null: there are none, or they are not for you. Columns with labels are masked for everybody'),
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

export type ConsequencesView = z.infer<typeof consequences>
