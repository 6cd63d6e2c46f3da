import { z } from 'zod'
import { preview } from './consequences-schema.ts'

const waiting = z.object({
  id: z.string(),
  statement: z.string(),
  parameters: z.array(z.string().nullable()),
  preview: preview.nullable().describe('null: not for you'),
  reason: z.string().nullable(),
})

/** What an approval that counts for others like it would let through: at once, each whole, and from now on. */
export const alikeView = z.object({
  waiting: z.array(waiting).describe('What waits as well and would run at once, oldest first'),
  others: z.array(waiting).describe('What waits as well and is answered by itself, as far as you may see it'),
  says: z.array(z.string()).describe('What is approved, in sentences'),
  whyNot: z.string().nullable().describe('One sentence, when you may not approve all of it'),
})

export type AlikeView = z.infer<typeof alikeView>
