import type { Identity } from '../../policies/input.ts'

/** Who looked at rows of data. */
export interface ExampleEvents {
  /**
   * Somebody was shown the example rows of a hold. Columns are schema.relation.column: shown as they are, in part as
   * their masks leave them, or not at all. The same person who is shown the same again within ten minutes has looked
   * once.
   */
  'hold.examples_seen': {
    readonly hold: string
    readonly by: Identity
    readonly via: 'console' | 'command_line'
    readonly rows: number
    readonly clear: readonly string[]
    readonly masked: readonly string[]
    readonly hidden: readonly string[]
    /** The policy that decided what they may see; null: none could be asked. */
    readonly policy: string | null
  }
}
