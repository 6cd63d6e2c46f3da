import type { Judgement } from '../gate.ts'
import type { NameChange } from './name-table.ts'
import type { PartsRun } from './parts-run.ts'
import type { Portal } from './prepared.ts'
import type { Run } from './recorder.ts'

/**
 * What was asked of the server and is not answered yet, in order.
 *
 * Each message that the server answers has a slot, ours as well as the client's, so that every reply is matched with
 * what asked for it. A slot ends with the reply that ends it:
 *
 *   query, call   ReadyForQuery, after any number of results or an error
 *   sync          ReadyForQuery
 *   parse 1 · bind 2 · close 3 · describe T or n (t before, for a statement) · execute C, I or s
 *
 * An error in one of the last five makes the server skip everything up to the next Sync; so do we.
 */
export type SlotKind = 'query' | 'call' | 'sync' | 'parse' | 'bind' | 'close' | 'describe' | 'execute'

export interface Slot {
  readonly kind: SlotKind
  /** Ours: the replies are for us, and not shown to the client. */
  readonly swallow: boolean
  /** Stands for a refused message: what the client gets in place of the server's error. */
  readonly refusal: Buffer | null
  /** What the reply makes true. */
  readonly changes: readonly NameChange[]
  /** The statements that run, in order; `at` is the one whose replies come now. */
  readonly runs: readonly Run[]
  at: number
  readonly portal: Portal | null
  /** Error and notice text is withheld, but for the names that these statements gave; null: it is not. */
  readonly scrub: readonly Judgement[] | null
  /** Takes a swallowed row. */
  readonly capture: ((row: Buffer) => void) | null
  /** One of several that a Query goes in. */
  readonly parts: PartsRun | null
  /** A question of ours. Where an error would take the client's batch with it, it ends the session. */
  readonly asks: 'vitally' | 'in vain' | null
  /** An error came; only ReadyForQuery is due. */
  failed: boolean
  /** It was answered by us with an error; the rest of what the server says to it is not shown. */
  stopped: boolean
}

export type SlotParts = Partial<Slot>

const NONE: readonly never[] = []

export function slot(kind: SlotKind, parts: SlotParts = {}): Slot {
  return {
    kind,
    swallow: parts.swallow ?? false,
    refusal: parts.refusal ?? null,
    changes: parts.changes ?? NONE,
    runs: parts.runs ?? NONE,
    at: 0,
    portal: parts.portal ?? null,
    scrub: parts.scrub ?? null,
    capture: parts.capture ?? null,
    parts: parts.parts ?? null,
    asks: parts.asks ?? null,
    failed: false,
    stopped: false,
  }
}

/** For a slot's `scrub`. */
export function scrubbed(judgements: readonly Judgement[]): readonly Judgement[] | null {
  return judgements.some(({ scrub }) => scrub) ? judgements : null
}

const COMPACT_AT = 64

export class Exchange {
  /** The server skips (or will, when it comes to it) everything the client sends before its next Sync. */
  skipping = false
  /** The server waits for the client's COPY data. */
  copyIn = false
  /** Messages of the extended protocol have been sent since the last Sync. */
  batchOpen = false
  /** A portal was made in the open batch, which its end would close. */
  batchBinds = false
  /** A statement runs in the open batch. */
  batchRuns = false
  /** The next message waits until all before it are answered. */
  barrier = false
  /** …even Sync, because the server would take it for part of the COPY. */
  copyExpected = false
  /** A Query goes in parts, and nothing of the client's may come between them. */
  inParts = false
  /** What runs may rest on definitions that were replaced since it was judged. */
  doubtful = false
  /** What runs in the open batch may commit, or roll back, what the client has begun. */
  batchEnds = false
  #limitsWrites = false
  #writes = false
  #slots: Slot[] = []
  #head = 0
  #waiting: (() => void)[] = []

  get first(): Slot | undefined {
    return this.#slots[this.#head]
  }

  get empty(): boolean {
    return this.#head === this.#slots.length
  }

  /** Nothing is under way that the client's next message could overtake. */
  get quiet(): boolean {
    return this.empty || this.copyIn
  }

  /** What is under way may turn out to have written too much: nothing is sent that could end its transaction. */
  get mayHaveToFail(): boolean {
    return this.#limitsWrites && !this.empty
  }

  /** What is under way writes by definitions that have to be confirmed before it is committed. */
  get mayHaveWritten(): boolean {
    return this.#writes && !this.empty
  }

  /** The server ends the batch here: Sync, or a simple query. */
  closeBatch(): void {
    this.batchEnds = false
    this.batchOpen = false
    this.batchBinds = false
    this.batchRuns = false
  }

  push(next: Slot): void {
    if (this.empty) {
      this.doubtful = false
      this.#limitsWrites = false
      this.#writes = false
    }
    this.#writes ||= next.runs.some(({ view }) => view !== null)
    this.#limitsWrites ||= next.runs.some(({ writtenMax }) => writtenMax !== null)
    this.doubtful ||= next.runs.some(({ judgement }) => (judgement.footing ?? null) !== null)
    this.#slots.push(next)
  }

  /** Something that was doubtful is so no more: perhaps nothing is. */
  settle(isSettled: (run: Run) => boolean): void {
    this.doubtful = false
    for (let index = this.#head; index < this.#slots.length && !this.doubtful; index++) {
      const { runs, at } = this.#slots[index] as Slot
      this.doubtful = runs.some((run, position) => position >= at && !isSettled(run))
    }
  }

  shift(): void {
    this.#head++
    if (this.#head === this.#slots.length) {
      this.#slots.length = 0
      this.#head = 0
    } else if (this.#head > COMPACT_AT && this.#head * 2 > this.#slots.length) {
      this.#slots.splice(0, this.#head)
      this.#head = 0
    }
    this.wake()
  }

  /** What the server skips now: everything up to the next Sync. Returns it, and whether there is that Sync. */
  skip(): { readonly skipped: readonly Slot[]; readonly synced: boolean } {
    const rest = this.#slots.slice(this.#head)
    const at = rest.findIndex(({ kind }) => kind === 'sync')
    const skipped = at === -1 ? rest : rest.slice(0, at)
    this.#slots = at === -1 ? [] : rest.slice(at)
    this.#head = 0
    this.wake()
    return { skipped, synced: at !== -1 }
  }

  /** What is asked behind the first and answered before the batch ends; null: its end was not asked for yet. */
  untilSync(): readonly Slot[] | null {
    const first = this.#slots[this.#head]
    if (first?.kind === 'query') return []
    const behind = this.#slots.slice(this.#head + 1)
    const at = behind.findIndex(({ kind }) => kind === 'sync')
    return at === -1 ? null : behind.slice(0, at)
  }

  remaining(): readonly Slot[] {
    return this.#slots.slice(this.#head)
  }

  whenQuiet(): Promise<void> {
    if (this.quiet) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  wake(): void {
    if (this.#waiting.length === 0 || !this.quiet) return
    this.release()
  }

  /** The session ended: whoever waits looks for himself. */
  release(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
