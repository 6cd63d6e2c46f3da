import pg from 'pg'
import { serialize } from 'pg-protocol'
import type { Footing } from './confirmations.ts'
import type { CatalogSnapshot } from './snapshot.ts'
import { type Witness, witnessOf, witnessText } from './witness.ts'

const WITNESSES_MAX = 500

/** What a witness said when the server's catalog was what is in a snapshot. */
interface Testimony {
  readonly snapshot: CatalogSnapshot
  readonly answer: string
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
  readonly #client: pg.Client
  readonly #texts = new WeakMap<Footing, string | null>()
  /** By their text, the one asked longest ago first. */
  readonly #prepared = new Map<string, Witness>()
  #testimonies = new WeakMap<Witness, Testimony>()
  #made = 0
  #isUsable = true

  constructor(client: pg.Client) {
    this.#client = client
  }

  /** Asks them all in one go. @throws when the connection is lost */
  async ask(footings: readonly Footing[]): Promise<Answers> {
    const answers = await this.#askAll(new Set(footings.flatMap((footing) => this.#textOf(footing) ?? [])))
    const witnessOfFooting = (footing: Footing) => this.#prepared.get(this.#textOf(footing) ?? '')
    return {
      stands: (footing) => {
        const witness = witnessOfFooting(footing)
        const before = witness && this.#testimonies.get(witness)
        return witness !== undefined && before?.snapshot === footing.snapshot && before.answer === answers.get(witness)
      },
      confirmed: (footing) => {
        const witness = witnessOfFooting(footing)
        const answer = witness && answers.get(witness)
        if (answer !== undefined) this.#testimonies.set(witness as Witness, { snapshot: footing.snapshot, answer })
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

  async #askAll(texts: ReadonlySet<string>): Promise<ReadonlyMap<Witness, string>> {
    if (texts.size === 0 || !this.#isUsable) return new Map()
    const messages: Buffer[] = []
    // Those of one go are all prepared at once: what is more is asked about in the other way.
    const asked = [...texts].slice(0, WITNESSES_MAX).map((text) => this.#prepare(text, messages))
    for (const { run } of asked) messages.push(run)
    try {
      const rows = await rowsOf(this.#client, Buffer.concat([...messages, serialize.sync()]))
      return new Map(asked.map((witness, index) => [witness, rows[index] ?? '']))
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error
      // A server, or something in front of it, that cannot do this is asked in the other way only.
      this.#isUsable = false
      return new Map()
    }
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

/** The rows that these messages give, each as one text. @throws what the server answered */
function rowsOf(client: pg.Client, messages: Buffer): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    client.query(new Question(messages, resolve, reject))
  })
}

/** Several messages in one go, which pg's own queries do not do. https://node-postgres.com/apis/client#submittable */
class Question implements pg.Submittable {
  readonly #messages: Buffer
  readonly #answered: (rows: readonly string[]) => void
  readonly #failed: (error: Error) => void
  readonly #rows: string[] = []
  /** Taken over by the client, to hear of the end and give up its timer. */
  callback: () => void = () => undefined

  constructor(messages: Buffer, answered: (rows: readonly string[]) => void, failed: (error: Error) => void) {
    this.#messages = messages
    this.#answered = answered
    this.#failed = failed
  }

  submit({ stream }: pg.Connection): void {
    stream.write(this.#messages)
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#rows.push(fields.join('\n'))
  }

  handleCommandComplete(): void {
    // Of each of them; what ends the question is ReadyForQuery.
  }

  handleReadyForQuery(): void {
    this.callback()
    this.#answered(this.#rows)
  }

  handleError(error: Error): void {
    this.callback()
    this.#failed(error)
  }
}
