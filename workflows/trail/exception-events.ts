import type { PersonKey } from '../holds/identity-key.ts'

/** Exceptions to the policy that people propose; they change nothing until they are reviewed and merged. */
export interface ExceptionEvents {
  'exception.proposed': {
    readonly hold: string
    readonly by: PersonKey
    readonly reason: string
    readonly until: string
    /** Of the pull request, where there is one. */
    readonly url: string | null
  }
}
