import type { PolicyInput } from '../../policies/input.ts'
import type { ShownInput } from '../../policies/manifest.ts'

/** A policy input as the trail keeps it, once for all statements that were judged by it. */
export interface RecordedInput {
  /** SHA-256 (hex) of the input's canonical JSON. */
  readonly digest: string
  /** What the policy of that time was shown: volatile fields only where its manifest named them. */
  readonly input: ShownInput
  /** How many decisions rested on it in the time that is looked at. */
  readonly decisions: number
}

/** Where a policy asks for what was not recorded, it gets these; the difference says how often that was. */
const UNRECORDED = { application: '', transaction: 'idle', expiresAt: '9999-12-31T00:00:00Z' } as const

export function completed({ identity, session, ...rest }: ShownInput): PolicyInput {
  const { application = UNRECORDED.application, transaction = UNRECORDED.transaction } = session
  return {
    ...rest,
    identity: { ...identity, expiresAt: identity.expiresAt ?? UNRECORDED.expiresAt },
    session: { ...session, application, transaction },
  }
}
