import { backend } from '../wire/message-types.ts'
import { checkRow, columnCount, RowRun } from '../wire/messages/data-row.ts'
import { decodeRowDescription } from '../wire/messages/row-description.ts'
import { countRead } from '../wire/read-buffers.ts'
import type { SessionContext } from './context.ts'
import { SessionError, violation } from './errors.ts'
import type { Slot } from './exchange.ts'
import type { Portal } from './prepared.ts'
import type { Run } from './recorder.ts'
import { guardRows, type RowMasker } from './row-guard.ts'

/** Smaller ones are cheaper to wait for, and then looked at. */
const STREAMED_ROW_BYTES_MIN = 256 * 1024

/** What comes back in rows: counted, compared with what was judged, masked where that says so. */
export class ReplyRows {
  readonly #session: SessionContext
  readonly #more = new RowRun()
  /** Neighbouring rows that are masked in one go. */
  #masking: { readonly mask: RowMasker; readonly window: Buffer; readonly start: number; end: number } | null = null

  constructor(session: SessionContext) {
    this.#session = session
  }

  /** A simple query's rows announce themselves. */
  describedInQuery(run: Run): void {
    const { fromUpstream, guard } = this.#session
    run.columns = columnCount(fromUpstream.window, fromUpstream.start, fromUpstream.end)
    if (run.traits.proof) run.guard = guardRows(run.judgement, decodeRowDescription(fromUpstream), guard)
  }

  describedPortal(portal: Portal): void {
    const { fromUpstream } = this.#session
    portal.columns = columnCount(fromUpstream.window, fromUpstream.start, fromUpstream.end)
    if (portal.described) portal.fields = decodeRowDescription(fromUpstream)
  }

  noRows(portal: Portal): void {
    portal.columns = 0
    portal.fields = []
  }

  row(answered: Slot, run: Run): void {
    const { exchange, fromUpstream } = this.#session
    run.rows++
    if (run.rows > run.rowsMax) {
      this.#session.limits.tooManyRows(run)
      return
    }
    const columns = this.#columns(answered, run)
    checkRow(fromUpstream.window, fromUpstream.start, fromUpstream.end, columns)
    const mask = this.#mask(answered, run)
    this.#pass(run, mask, 1)
    // What holds for one holds for all that are here, unless each has to be looked at.
    if (columns === null || exchange.doubtful || run.rowsMax !== Number.POSITIVE_INFINITY) return
    this.#more.measure(fromUpstream.window, fromUpstream.end, columns)
    if (this.#more.rows === 0) return
    fromUpstream.giveMore(this.#more.end)
    run.rows += this.#more.rows
    this.#pass(run, mask, this.#more.rows)
  }

  #pass(run: Run, mask: RowMasker | null, rows: number): void {
    if (mask === null) {
      this.#session.toClient.keep(this.#session.fromUpstream)
      return
    }
    run.maskedRows += rows
    this.#maskLater(mask)
  }

  /** Before anything else goes to the client, and at the end of what has arrived. */
  flush(): void {
    if (this.#masking === null) return
    const { mask, window, start, end } = this.#masking
    this.#masking = null
    const masked = mask(window.subarray(start, end))
    countRead(masked.length)
    this.#session.toClient.add(masked)
  }

  #maskLater(mask: RowMasker): void {
    const { window, start, end } = this.#session.fromUpstream
    const run = this.#masking
    if (run !== null && run.mask === mask && run.window === window && run.end === start) {
      run.end = end
      return
    }
    this.flush()
    this.#masking = { mask, window, start, end }
  }

  copyBegins(type: number, { traits, judgement }: Run): void {
    const { exchange } = this.#session
    if (type === backend.copyInResponse) {
      // What was sent behind it would have been taken for COPY data.
      if (!traits.copyFrom) throw violation('asks for data although no COPY FROM was judged')
      exchange.copyIn = true
      exchange.wake()
    } else if (judgement.outputMasks !== null) {
      throw new SessionError('mask_not_proven', 'COPY output cannot be masked')
    }
  }

  /** In text, csv and binary alike, one message is one row. */
  copied(answered: Slot, type: number): void {
    if (answered.stopped) return
    const run = answered.runs[answered.at]
    if (run !== undefined && type === backend.copyData && ++run.rows > run.rowsMax) {
      this.#session.limits.tooManyRows(run)
    } else if (run?.over?.what !== 'rows' && !answered.swallow) this.#session.toClient.keep(this.#session.fromUpstream)
  }

  /** Of a large row, or of COPY data, the beginning goes on before the rest is here, when nobody has to look at it. */
  streamTail(mayPass: (run: Run) => boolean): void {
    const { fromUpstream, exchange, toClient } = this.#session
    const type = fromUpstream.begun
    if (!fromUpstream.atBoundary || (type !== backend.dataRow && type !== backend.copyData)) return
    const answered = exchange.first
    const run = answered?.runs[answered.at]
    if (answered === undefined || answered.failed || answered.stopped || run === undefined || !mayPass(run)) return
    if (run.rows >= run.rowsMax || (type === backend.copyData && run.traits.limits !== null)) return
    if (type === backend.dataRow) {
      if (fromUpstream.begunBytes < STREAMED_ROW_BYTES_MIN || this.#mask(answered, run) !== null) return
      run.rows++
    }
    fromUpstream.stream()
    toClient.keep(fromUpstream)
  }

  #columns({ portal }: Slot, run: Run): number | null {
    if (portal !== null) return portal.columns
    if (run.columns === null) throw violation('sent rows without their description')
    return run.columns
  }

  #mask({ portal }: Slot, run: Run): RowMasker | null {
    if (!run.traits.proof) return null
    if (run.guard === null) {
      const fields = portal?.fields ?? null
      if (fields === null) throw new SessionError('mask_not_proven', 'Rows came without their description')
      run.guard = guardRows(run.judgement, fields, this.#session.guard)
    }
    return run.guard.mask
  }
}
