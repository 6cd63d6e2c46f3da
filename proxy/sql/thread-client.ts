import { setImmediate as turn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { headOf, partsOf } from '../catalog/definitions-parts.ts'
import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import { noTemporaries } from '../catalog/temporaries.ts'
import type { Analysis } from './analyse.ts'
import { type Reply, type Request, type SentAnalysis, type SentNames, SNAPSHOTS_KEPT } from './analysis-messages.ts'
import type { NameContext } from './context.ts'
import { LargeTextError } from './errors.ts'

/** Of JavaScript's own memory, in MB: a text of the largest size that a message may have takes less. */
const HEAP_MB_MAX = 4_096
/** Of a text, what is sent at once: copying all of 32 MB in one turn takes 20 ms. */
const PART_CHARACTERS = 1 << 20
/** What it runs may run others in turn. */
const ASKED_MAX = 16

/** One thread that analyses, as the process sees it. It is asked one thing at a time. */
export class ThreadClient {
  readonly #worker: Worker
  /** The numbers of the snapshots it has been sent. */
  readonly #snapshots = new WeakMap<CatalogSnapshot, number>()
  #lastSnapshot = 0
  #waiting: PromiseWithResolvers<Reply> | null = null
  #ended: LargeTextError | null = null

  constructor() {
    this.#worker = new Worker(new URL('./analysis-thread.ts', import.meta.url), {
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX, stackSizeMb: 16 },
    })
    this.#worker.unref()
    this.#worker.on('message', (reply: Reply) => this.#settle((waiting) => waiting.resolve(reply)))
    this.#worker.on('error', (cause) => this.#end(new LargeTextError('failed', { cause })))
    this.#worker.on('exit', () => this.#end(new LargeTextError('failed')))
  }

  /** It is of no more use: what it was asked last is not answered. */
  get isOver(): boolean {
    return this.#ended !== null
  }

  /** @throws LargeTextError when the thread ended before it answered */
  async analyse(text: string, names: NameContext): Promise<readonly Analysis[]> {
    // Megabytes were copied in this turn already, and are again when they are sent.
    await turn()
    const snapshot = await this.#learn(names.snapshot)
    const known: SentNames = { ...sentNames(names), prepared: new Map(), cursors: new Map() }
    const lastPart = await this.#sendAllBut(text)
    const first = await this.#askWithNames({ kind: 'analyse', text: lastPart, snapshot, names: known }, names)
    const analyses: Analysis[] = []
    for (let reply = first; ; reply = await this.#ask({ kind: 'more' })) {
      if (reply.kind !== 'analyses') throw new LargeTextError('failed')
      for (const each of reply.some) analyses.push(received(each, text))
      if (reply.last) return analyses
      await turn()
    }
  }

  /** Ends it, whatever it is doing. */
  end(why: LargeTextError): void {
    this.#end(why)
    void this.#worker.terminate()
  }

  /** Sends the definitions in parts, between which others have their turn. */
  async #learn(snapshot: CatalogSnapshot): Promise<number> {
    const known = this.#snapshots.get(snapshot)
    if (known !== undefined && known > this.#lastSnapshot - SNAPSHOTS_KEPT) return known
    for (const part of partsOf(snapshot)) {
      if (this.#ended !== null) throw this.#ended
      this.#worker.postMessage({ kind: 'part', part } satisfies Request)
      await turn()
    }
    const number = ++this.#lastSnapshot
    await this.#ask({ kind: 'snapshot', number, head: headOf(snapshot) })
    this.#snapshots.set(snapshot, number)
    return number
  }

  /** @returns its last part, which goes with the question */
  async #sendAllBut(text: string): Promise<string> {
    let at = 0
    for (; at + PART_CHARACTERS < text.length; at += PART_CHARACTERS) {
      if (this.#ended !== null) throw this.#ended
      this.#worker.postMessage({ kind: 'text', part: text.slice(at, at + PART_CHARACTERS) } satisfies Request)
      await turn()
    }
    return text.slice(at)
  }

  /** Asks again with the texts that it turns out to run. */
  async #askWithNames(request: Extract<Request, { kind: 'analyse' }>, names: NameContext): Promise<Reply> {
    const [prepared, cursors] = [new Map(request.names.prepared), new Map(request.names.cursors)]
    for (let asked = 0; asked < ASKED_MAX; asked++) {
      const text = asked === 0 ? request.text : null
      const reply = await this.#ask({ ...request, text, names: { ...request.names, prepared, cursors } })
      if (reply.kind !== 'needs') return reply
      for (const name of reply.prepared) prepared.set(name, names.preparedStatement(name))
      for (const name of reply.cursors) cursors.set(name, names.cursor(name))
    }
    throw new LargeTextError('failed')
  }

  #ask(request: Request): Promise<Reply> {
    if (this.#ended !== null) return Promise.reject(this.#ended)
    this.#waiting = Promise.withResolvers<Reply>()
    this.#worker.postMessage(request)
    return this.#waiting.promise
  }

  #settle(how: (waiting: PromiseWithResolvers<Reply>) => void): void {
    const waiting = this.#waiting
    this.#waiting = null
    if (waiting !== null) how(waiting)
  }

  #end(why: LargeTextError): void {
    this.#ended ??= why
    this.#settle((waiting) => waiting.reject(this.#ended))
  }
}

function sentNames({ searchPath, role, temporaryRelations, temporaries, uncommitted }: NameContext) {
  return {
    searchPath,
    role,
    temporaryRelations: new Set(temporaryRelations),
    temporaries: temporaries ?? noTemporaries,
    uncommitted: uncommitted ?? [],
  }
}

function received(analysis: SentAnalysis, whole: string): Analysis {
  const text = analysis.text ?? whole
  return { ...analysis, text, redactedText: analysis.redactedText ?? text }
}
