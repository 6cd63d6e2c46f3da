import type { PersonKey } from '../holds/identity-key.ts'

/** What becomes of approvals that count for more than one statement. */
export interface AlikeEvents {
  /** The approval counts for statements that differ in constants only. */
  'hold.alike_approved': { readonly hold: string; readonly runs: number; readonly until: string }
  /** Nobody was asked: the approval of another hold covers this one. */
  'hold.approved_through': { readonly hold: string; readonly approval: string; readonly run: number }
  /** Somebody ended that early; `revoked`: holds it had let through that had not run, and will not. */
  'hold.alike_undone': {
    readonly hold: string
    readonly by: PersonKey
    readonly via: string
    readonly revoked: readonly string[]
  }
}
