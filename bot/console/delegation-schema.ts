import { z } from 'zod'

export const delegationBody = z.strictObject({
  to: z.string().min(1).max(320).describe('An e-mail address, or a name that only one person has'),
  from: z.iso.datetime({ offset: true }).optional().describe('Now when left out'),
  until: z.iso.datetime({ offset: true }),
})

export const delegationPath = z.object({ id: z.string().regex(/^[\w-]{1,80}$/, 'is not the id of a delegation') })

/** A person, as far as another one has to know them. */
export const delegate = z.object({ name: z.string(), issuer: z.string(), subject: z.string() })

export const delegationView = z.object({
  id: z.string(),
  from: delegate,
  to: delegate,
  startsAt: z.string(),
  endsAt: z.string(),
})

export type DelegationView = z.infer<typeof delegationView>
