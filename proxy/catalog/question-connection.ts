import type { Socket } from 'node:net'
import type { TargetConfig } from '../../config.ts'
import { connectUpstream, type Upstream } from '../session/upstream/connect.ts'
import type { Framer } from '../wire/framer.ts'
import { backend } from '../wire/message-types.ts'
import { terminate } from '../wire/messages/bare.ts'
import { encodeQuery } from '../wire/messages/query.ts'
import { countRead } from '../wire/read-buffers.ts'
import { CatalogError } from './errors.ts'

interface Question {
  readonly expected: Buffer | null
  readonly messages: Buffer[]
  readonly sentAt: number
  readonly answered: (messages: readonly Buffer[] | null) => void
  readonly failed: (error: Error) => void
}

/**
 * What makes the same question cheap a thousand times: one plan, made once, by the indexes of the catalog alone. The
 * server gives up on one that takes longer than its time, as something locked may make it wait.
 */
const SETTINGS = `SET search_path = ''; SET plan_cache_mode = force_generic_plan; SET statement_timeout = '5s';
  SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off`
const ANSWER_MS_MAX = 6_000
const CONNECT_MS_MAX = 10_000
const WATCH_EVERY_MS = 1_000
const MESSAGE_BYTES_MAX = 1024 * 1024

/**
 * A connection of our own to the target on which one question is asked after the other. A question is one buffer of
 * messages, and an answer that is, byte for byte, the one that was expected is looked at no further: what a client
 * library does for a query takes several times as long as all of this.
 */
export class QuestionConnection {
  readonly #socket: Socket
  readonly #framer: Framer
  readonly #lost: () => void
  readonly #answerMsMax: number
  readonly #watchdog: NodeJS.Timeout
  readonly #asked: Question[] = []
  #ended = false

  /** @throws SessionError when there is no connection, CatalogError when the server refuses what is set on it */
  static async open(target: TargetConfig, lost: () => void, answerMsMax = ANSWER_MS_MAX): Promise<QuestionConnection> {
    const settings = new Map([['application_name', 'holdpoint catalog']])
    const signal = AbortSignal.timeout(CONNECT_MS_MAX)
    const upstream = await connectUpstream({ target, settings, messageBytesMax: MESSAGE_BYTES_MAX, signal })
    const connection = new QuestionConnection(upstream, lost, answerMsMax)
    const said = await connection.ask(encodeQuery(SETTINGS), null)
    if (said?.some(isError) === false) return connection
    connection.close()
    throw new CatalogError('unreachable', `The database of ${target.name} refuses the settings of our questions`)
  }

  private constructor({ socket, reads, framer }: Upstream, lost: () => void, answerMsMax: number) {
    this.#socket = socket
    this.#framer = framer
    this.#lost = lost
    this.#answerMsMax = answerMsMax
    socket.on('data', (chunk: Buffer) => {
      countRead(chunk.length)
      this.#take(chunk)
    })
    reads?.goesTo((chunk) => this.#take(chunk))
    socket.on('error', () => undefined) // 'close' follows
    socket.on('close', () => this.#end())
    this.#watchdog = setInterval(() => this.#watch(), WATCH_EVERY_MS).unref()
    socket.resume()
  }

  /**
   * Answers come in the order of the questions.
   * @param messages up to their Sync
   * @returns null when the answer is what was expected, else its messages up to ReadyForQuery
   * @throws CatalogError when the connection is lost, or there is no answer in time
   */
  ask(messages: Buffer, expected: Buffer | null): Promise<readonly Buffer[] | null> {
    return new Promise((answered, failed) => {
      if (this.#ended) failed(lost())
      else {
        this.#asked.push({ expected, messages: [], sentAt: performance.now(), answered, failed })
        this.#socket.write(messages)
      }
    })
  }

  /** Whoever waits for an answer hears that there is none. */
  close(): void {
    this.#socket.end(terminate)
    this.#end()
  }

  /** @returns that nothing refers to the chunk any more */
  #take(chunk: Buffer): true {
    const rest = this.#framer.waitingBytes === 0 ? this.#asExpected(chunk) : chunk
    if (rest.length === 0) return true
    try {
      this.#framer.push(Buffer.from(rest))
      while (this.#framer.next()) this.#message(this.#framer.type, this.#framer.bytes)
    } catch {
      this.#socket.destroy()
    }
    return true
  }

  /** @returns what is not */
  #asExpected(chunk: Buffer): Buffer {
    let at = 0
    for (let [question] = this.#asked; question?.expected && question.messages.length === 0; [question] = this.#asked) {
      const { expected } = question
      const end = at + expected.length
      if (end > chunk.length || expected.compare(chunk, at, end) !== 0) break
      at = end
      this.#asked.shift()
      question.answered(null)
    }
    return at === 0 ? chunk : chunk.subarray(at)
  }

  #message(type: number, bytes: Buffer): void {
    const [question] = this.#asked
    // What the server says of its own accord: the next question shows whether it still answers.
    if (question === undefined) return
    question.messages.push(bytes)
    if (type !== backend.readyForQuery) return
    this.#asked.shift()
    question.answered(question.messages)
  }

  #watch(): void {
    const [oldest] = this.#asked
    if (oldest !== undefined && performance.now() - oldest.sentAt > this.#answerMsMax) this.#socket.destroy()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    clearInterval(this.#watchdog)
    for (const { failed } of this.#asked.splice(0)) failed(lost())
    this.#lost()
  }
}

export function isError(message: Buffer): boolean {
  return message[0] === backend.errorResponse
}

function lost(): CatalogError {
  return new CatalogError('unreachable', 'The connection for questions about definitions is lost')
}
