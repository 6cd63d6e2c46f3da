import { z } from 'zod'

/** Something that had to be known to judge fairly and could not be. The decision is deny unless a policy says otherwise. */
export const unresolved = z.strictObject({
  code: z
    .enum([
      'relation',
      'column',
      'function',
      'operator',
      'type',
      'node',
      'prepared_statement',
      'cursor',
      'opaque_body',
      'output',
      'syntax',
      'search_path',
    ])
    .describe('What it is that could not be established'),
  detail: z.string().describe('Which, in words'),
})

export type Unresolved = z.infer<typeof unresolved>
