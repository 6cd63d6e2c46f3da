import type { Holds } from '../../workflows/holds/hold.ts'
import { type RecordedInputs, recordedInputsOf } from '../../workflows/trail/recorded-inputs.ts'
import type { Trail } from '../../workflows/trail/trail.ts'
import type { Judgement, SessionView } from '../gate.ts'
import type { StatementWatch } from './client-socket.ts'
import { trailNotWritable } from './errors.ts'
import type { RowGuard } from './row-guard.ts'
import type { Over } from './run-limits.ts'
import { recordOf, type Traits, traitsOf } from './traits.ts'

/** One statement on its way through the server. */
export interface Run {
  readonly number: number
  readonly judgement: Judgement
  readonly traits: Traits
  /** The hold whose approval lets it run. */
  readonly hold: string | null
  /** The last of its message. */
  readonly last: boolean
  /** Nothing has run before it in its batch. */
  readonly alone: boolean
  readonly startedAtMs: number
  guard: RowGuard | null
  /** How it was judged, where it is asked once more before what it writes is kept; null: it is not. */
  view: SessionView | null
  /** The turn in which its definitions were found to be those it was judged by. */
  stoodIn: number | null
  /** As a simple query's RowDescription said. */
  columns: number | null
  rows: number
  maskedRows: number
  /** How many rows it may still give. */
  rowsMax: number
  /** How many rows it may write; null: as many as it likes. */
  readonly writtenMax: number | null
  /** Runs out when it may take no longer. */
  timer: NodeJS.Timeout | null
  /** It was stopped for this. */
  over: Over | null
}

export interface RecorderOptions {
  readonly session: string
  readonly trail: Trail
  readonly holds: Holds
  readonly watch: StatementWatch | null
  /** Monotonic, in milliseconds. */
  readonly clock: () => number
  /** A hold's outcome could not be stored. */
  readonly lost: (error: unknown) => void
}

export interface Recorded {
  readonly judgement: Judgement
  readonly parameters: readonly (string | null)[]
  readonly last?: boolean
  readonly alone?: boolean
}

const NOT_KEPT = '[not kept]'

/** Writes a session's statements to the trail: what is about to run, what became of it, what was refused. */
export class Recorder {
  statements = 0
  readonly #options: RecorderOptions
  readonly #inputs: RecordedInputs
  readonly #completedHolds = new Set<string>()

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#inputs = recordedInputsOf(options.trail)
  }

  /** Before the statement's bytes may go. @throws SessionError trail_not_writable: then it must not run */
  intended({ judgement, parameters, last = true, alone = true }: Recorded, hold: string | null): Run {
    const traits = traitsOf(judgement)
    if (traits.input !== null) this.#inputs.record(traits.input)
    const number = ++this.statements
    this.#options.watch?.runs(judgement)
    this.#options.trail.appendStatement(
      'statement.intended',
      this.#own(number, parameters, traits, hold),
      recordOf(judgement),
    )
    return {
      number,
      judgement,
      traits,
      hold,
      last,
      alone,
      startedAtMs: this.#options.clock(),
      guard: null,
      view: null,
      stoodIn: null,
      columns: null,
      rows: 0,
      maskedRows: 0,
      rowsMax: Number.POSITIVE_INFINITY,
      writtenMax: hold === null ? traits.writtenMax : null,
      timer: null,
      over: null,
    }
  }

  refused(judgements: readonly Judgement[], parameters: readonly (string | null)[]): void {
    for (const judgement of judgements) this.#denied({ judgement, parameters })
  }

  #denied({ judgement, parameters }: Recorded): void {
    const traits = traitsOf(judgement)
    this.shown([judgement])
    const own = this.#own(++this.statements, parameters, traits, null)
    recording(() => this.#options.trail.appendStatement('statement.denied', own, recordOf(judgement)))
  }

  /** Puts what the policy was shown of these into the trail. @returns the digests */
  shown(judgements: readonly Judgement[]): readonly string[] {
    const inputs = judgements.map((judgement) => traitsOf(judgement).input).filter((input) => input !== null)
    recording(() => {
      for (const input of inputs) this.#inputs.record(input)
    })
    return inputs.map(({ digest }) => digest)
  }

  /** @param tag CommandComplete's, or the SQLSTATE of the error */
  completed(run: Run, ok: boolean, tag: string, rows: number): void {
    const durationMs = this.#append(run, ok, tag, rows)
    if (run.hold === null || this.#completedHolds.has(run.hold)) return
    // Of several statements under one hold, the last to succeed or the first to fail says how it went.
    if (ok && !run.last) return
    this.#completedHolds.add(run.hold)
    this.#options.holds.complete(run.hold, { ok, tag, durationMs }).catch(this.#options.lost)
  }

  /** Its row limit was reached; it may go on. */
  suspended(run: Run): void {
    this.#append(run, true, 'PORTAL SUSPENDED', run.rows)
  }

  #append(run: Run, ok: boolean, tag: string, rows: number): number {
    if (run.timer !== null) clearTimeout(run.timer)
    const durationMs = Math.round((this.#options.clock() - run.startedAtMs) * 1000) / 1000
    const { session, trail } = this.#options
    const event = { session, statement: run.number, ok, tag, rows, masked: run.maskedRows, durationMs }
    recording(() => trail.append('statement.completed', event))
    return durationMs
  }

  #own(statement: number, parameters: readonly (string | null)[], traits: Traits, hold: string | null) {
    const kept = traits.parametersWithheld ? parameters.map((value) => (value === null ? null : NOT_KEPT)) : parameters
    return { session: this.#options.session, statement, parameters: kept, hold }
  }
}

/** @throws SessionError trail_not_writable: the session ends, as nothing more can be recorded of it */
function recording(append: () => void): void {
  try {
    append()
  } catch (cause) {
    throw trailNotWritable(cause)
  }
}
