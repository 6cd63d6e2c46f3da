/**
 * Names as the server knows them, and as it will know them when it has answered what was sent.
 *
 * A client may use a name in the same breath in which it makes it. So a change is *expected* when its message goes
 * upstream and *confirmed* when the server says it is done; an error forgets what is expected, as the server never
 * came to it.
 *
 * Within one batch that is enough, because where the change fails the server skips what relies on it. Behind a Sync it
 * is not: the change may fail and the name still stand for what it stood for before. Such a name is *uncertain*, and
 * has to be waited for.
 */
export class NameTable<Value> {
  readonly #confirmed = new Map<string, Value>()
  /** Of the batch that is open. */
  readonly #expected = new Map<string, PendingName<Value>>()
  /** Of batches that were ended and are not answered. */
  readonly #sealed = new Map<string, PendingName<Value>>()

  /** Only for a name that is not uncertain. */
  lookup(name: string): Value | undefined {
    const expected = this.#expected.get(name)
    return expected === undefined ? this.#confirmed.get(name) : (expected.value ?? undefined)
  }

  isUncertain(name: string): boolean {
    return this.#sealed.has(name) && !this.#expected.has(name)
  }

  /** Some name that SQL can say is uncertain; the unnamed it cannot. */
  get hasUncertainNames(): boolean {
    return this.#sealed.size > (this.#sealed.has('') ? 1 : 0)
  }

  /** @param value null: the name will be gone */
  expect(name: string, value: Value | null): NameChange {
    const change = new PendingName(this, name, value)
    this.#expected.set(name, change)
    return change
  }

  expectAgain(change: PendingName<Value>): void {
    this.#sealed.set(change.name, change)
  }

  fulfil(change: PendingName<Value>): void {
    if (this.#expected.get(change.name) === change) this.#expected.delete(change.name)
    if (this.#sealed.get(change.name) === change) this.#sealed.delete(change.name)
  }

  /** The batch ended. */
  seal(): void {
    if (this.#expected.size === 0) return
    for (const [name, change] of this.#expected) this.#sealed.set(name, change)
    this.#expected.clear()
  }

  forgetExpected(): void {
    this.#expected.clear()
    this.#sealed.clear()
  }

  /** What the server did without being asked by this protocol's messages: SQL commands, the end of a transaction. */
  set(name: string, value: Value | null): void {
    if (value === null) this.#confirmed.delete(name)
    else this.#confirmed.set(name, value)
  }

  keepOnly(keep: (value: Value) => boolean): void {
    for (const [name, value] of this.#confirmed) if (!keep(value)) this.#confirmed.delete(name)
  }
}

/** What a message will do to one name when the server has answered it. */
export interface NameChange {
  readonly name: string
  confirm(): void
  /** After an error, for what was sent behind the Sync at which the server takes up again. */
  expectAgain(): void
  /** The message failed, and has taken with it what the name stood for before. */
  lose(): void
}

class PendingName<Value> implements NameChange {
  readonly #table: NameTable<Value>
  readonly name: string
  readonly value: Value | null

  constructor(table: NameTable<Value>, name: string, value: Value | null) {
    this.#table = table
    this.name = name
    this.value = value
  }

  confirm(): void {
    this.#table.set(this.name, this.value)
    this.#table.fulfil(this)
  }

  expectAgain(): void {
    this.#table.expectAgain(this)
  }

  lose(): void {
    this.#table.set(this.name, null)
    this.#table.fulfil(this)
  }
}
