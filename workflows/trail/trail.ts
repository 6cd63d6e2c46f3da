import type { TrailEventName, TrailEvents } from './events.ts'
import type { SharedJson } from './statement-body.ts'

/** The one way to write to the trail from a process: its own hash-chained journal. */
export interface Trail {
  /** Adds one record to this turn's run. Throws TrailError when the journal has failed: then nothing may run. */
  append<Name extends TrailEventName>(name: Name, event: TrailEvents[Name]): void
  /**
   * The same for the statement events, which are most of all records: `shared` is the JSON of what every run of this
   * judgement has in common, made once; only the session's own part is serialised here.
   */
  appendStatement(
    name: 'statement.intended' | 'statement.denied',
    own: {
      readonly session: string
      readonly statement: number
      readonly parameters: readonly (string | null)[]
      readonly hold: string | null
    },
    shared: SharedJson,
  ): void
  /**
   * Calls back when everything appended before is in the journal: once per turn of the event loop, for all sessions
   * together. With an error, nothing that waited for it may be forwarded.
   */
  whenWritten(callback: (error: Error | null) => void): void
  close(): Promise<void>
}
