import type { TrailEventName, TrailEvents } from '../../../workflows/trail/events.ts'
import type { Trail } from '../../../workflows/trail/trail.ts'

export interface TrailEntry {
  readonly name: TrailEventName
  readonly event: Readonly<Record<string, unknown>>
}

/** Keeps what is appended and says so a turn later, as the journal does; or fails. */
export class StubTrail implements Trail {
  readonly entries: TrailEntry[] = []
  failure: Error | null = null
  /** Holds back its answers until released. */
  stuck = false
  #waiting: ((error: Error | null) => void)[] = []

  append<Name extends TrailEventName>(name: Name, event: TrailEvents[Name]): void {
    this.entries.push({ name, event: event as unknown as Readonly<Record<string, unknown>> })
  }

  appendStatement(name: 'statement.intended' | 'statement.denied', own: object, shared: string): void {
    this.entries.push({ name, event: { ...own, ...(JSON.parse(shared) as object) } })
  }

  whenWritten(callback: (error: Error | null) => void): void {
    this.#waiting.push(callback)
    if (this.#waiting.length === 1) setImmediate(() => this.#answer())
  }

  release(): void {
    this.stuck = false
    this.#answer()
  }

  named(name: TrailEventName): readonly TrailEntry['event'][] {
    return this.entries.filter((entry) => entry.name === name).map(({ event }) => event)
  }

  async close(): Promise<void> {}

  #answer(): void {
    if (this.stuck) return
    for (const callback of this.#waiting.splice(0)) callback(this.failure)
  }
}
