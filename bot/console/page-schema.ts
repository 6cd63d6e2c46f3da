import { z } from 'zod'
import { holdSummary } from './schemas.ts'

/** Some of a list, and where it goes on: `next`, to be said as `after`; null: this is the end. */
export const holdsPage = z.object({ holds: z.array(holdSummary), next: z.string().nullable() })

export type HoldsPage = z.infer<typeof holdsPage>
