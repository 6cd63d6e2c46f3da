import type { PersonKey } from '../holds/identity-key.ts'

/** Who answers in whose place while they are away. */
export interface DelegationEvents {
  /** Until then `to` may answer in the place of `from`. */
  'delegation.created': {
    readonly delegation: string
    readonly from: PersonKey
    readonly to: PersonKey
    readonly startsAt: string
    readonly endsAt: string
  }
  'delegation.revoked': { readonly delegation: string; readonly by: PersonKey }
}
