import { serialize } from 'pg-protocol'
import { backend } from '../wire/message-types.ts'
import { decodeReport } from '../wire/messages/error-response.ts'
import { readyForQueryIdle } from '../wire/messages/ready-for-query.ts'
import type { Footing } from './confirmations.ts'
import { isError, type QuestionConnection } from './question-connection.ts'
import type { CatalogSnapshot } from './snapshot.ts'
import { type Witness, witnessOf, witnessText } from './witness.ts'

const WITNESSES_MAX = 500

/** What a witness said when the server's catalog was what is in a snapshot. */
interface Testimony {
  readonly snapshot: CatalogSnapshot
  readonly answer: Buffer
  /** The same, where it is asked alone. */
  readonly whole: Buffer
}

/** What witnesses on one connection say of footings now. */
export interface Answers {
  /** The witness says what it said when the footing was confirmed last: nothing has changed since. */
  stands(footing: Footing): boolean
  /** The footing was looked at, after this answer, and is as in its snapshot: so it is as long as the answer stays. */
  confirmed(footing: Footing): void
}

/** The witnesses that one connection has prepared: one for each set of tables, whatever is done with them. */
export class Witnesses {
  readonly #connection: QuestionConnection
  readonly #texts = new WeakMap<Footing, string | null>()
  /** By their text, the one asked longest ago first. */
  readonly #prepared = new Map<string, Witness>()
  readonly #testimonies = new WeakMap<Witness, Testimony>()
  #made = 0
  #isUsable = true

  constructor(connection: QuestionConnection) {
    this.#connection = connection
  }

  /** Asks them all in one go. @throws when the connection is lost */
  async ask(footings: readonly Footing[]): Promise<Answers> {
    const texts = new Set<string>()
    for (const footing of footings) {
      const text = this.#textOf(footing)
      if (text !== null) texts.add(text)
    }
    const answers = await this.#askAll(texts)
    const witnessOfFooting = (footing: Footing) => this.#prepared.get(this.#textOf(footing) ?? '')
    return {
      stands: (footing) => {
        const witness = witnessOfFooting(footing)
        const before = witness && this.#testimonies.get(witness)
        const answer = witness && answers.get(witness)
        return answer !== undefined && before?.snapshot === footing.snapshot && before.answer.equals(answer)
      },
      confirmed: (footing) => {
        const witness = witnessOfFooting(footing)
        const answer = witness && answers.get(witness)
        if (witness === undefined || answer === undefined) return
        this.#testimonies.set(witness, {
          snapshot: footing.snapshot,
          answer,
          whole: Buffer.concat([answer, readyForQueryIdle]),
        })
      },
    }
  }

  #textOf(footing: Footing): string | null {
    let text = this.#texts.get(footing)
    if (text === undefined) {
      text = witnessText(footing)
      this.#texts.set(footing, text)
    }
    return text
  }

  async #askAll(texts: ReadonlySet<string>): Promise<ReadonlyMap<Witness, Buffer>> {
    if (texts.size === 0 || !this.#isUsable) return new Map()
    const preparing: Buffer[] = []
    // Those of one go are all prepared at once: what is more is asked about in the other way.
    const asked = [...texts].slice(0, WITNESSES_MAX).map((text) => this.#prepare(text, preparing))
    const before = asked.map((witness) => this.#testimonies.get(witness))
    const reply = await this.#connection.ask(questionOf(asked, preparing), expectedOf(before))
    if (reply === null) return new Map(asked.map((witness, index) => [witness, before[index]?.answer ?? NOTHING]))
    const refused = reply.find(isError)
    if (refused === undefined) return answersOf(asked, reply)
    // A server, or something in front of it, that cannot do this is asked in the other way only.
    if (!PASSING.has(decodeReport(refused).get('C'))) this.#isUsable = false
    return new Map()
  }

  #prepare(text: string, messages: Buffer[]): Witness {
    const known = this.#prepared.get(text)
    if (known !== undefined) {
      this.#prepared.delete(text)
      this.#prepared.set(text, known)
      return known
    }
    const [oldest] = this.#prepared.values()
    if (oldest !== undefined && this.#prepared.size >= WITNESSES_MAX) {
      this.#prepared.delete(oldest.text)
      messages.push(serialize.close({ type: 'S', name: oldest.name }))
    }
    const made = witnessOf(`witness_${++this.#made}`, text)
    this.#prepared.set(text, made)
    messages.push(serialize.parse({ name: made.name, text, types: [] }))
    return made
  }
}

const NOTHING = Buffer.alloc(0)
/** It took too long, perhaps because something was locked. */
const PASSING: ReadonlySet<string | undefined> = new Set(['57014', '55P03'])

function questionOf(asked: readonly Witness[], preparing: readonly Buffer[]): Buffer {
  const [first] = asked
  if (preparing.length === 0 && asked.length === 1 && first !== undefined) return first.alone
  return Buffer.concat([...preparing, ...asked.map(({ run }) => run), serialize.sync()])
}

/** What is answered if nothing has changed; null where somebody was not asked before. */
function expectedOf(before: readonly (Testimony | undefined)[]): Buffer | null {
  if (before.length === 1) return before[0]?.whole ?? null
  const answers = before.flatMap((testimony) => testimony?.answer ?? [])
  return answers.length === before.length ? Buffer.concat([...answers, readyForQueryIdle]) : null
}

const OF_AN_ANSWER: ReadonlySet<number | undefined> = new Set([
  backend.bindComplete,
  backend.dataRow,
  backend.commandComplete,
])

/** What each said, as it came; what the server says of other things, or of its own accord, is left out. */
function answersOf(asked: readonly Witness[], reply: readonly Buffer[]): ReadonlyMap<Witness, Buffer> {
  const answers = new Map<Witness, Buffer>()
  const witnesses = asked.values()
  let parts: Buffer[] = []
  for (const message of reply) {
    if (OF_AN_ANSWER.has(message[0])) parts.push(message)
    if (message[0] !== backend.commandComplete) continue
    const { value: witness } = witnesses.next()
    // Nothing but a row says when something has happened.
    if (witness !== undefined && parts.some(([type]) => type === backend.dataRow)) {
      answers.set(witness, Buffer.concat(parts))
    }
    parts = []
  }
  return answers
}
