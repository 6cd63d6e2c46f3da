import type pg from 'pg'

/**
 * One statement as one batch of the extended protocol: Parse, Bind, Describe, Execute, Sync. Rows beyond a limit are
 * not asked for, and those beyond a size are let go as they come, so that no answer grows beyond what it may.
 */
export interface StatementText {
  readonly sql: string
  readonly parameters: readonly (string | null)[]
  readonly rowsMax: number
  readonly bytesMax: number
}

export interface Field {
  readonly name: string
  readonly typeOid: number
}

export interface Outcome {
  readonly fields: readonly Field[]
  /** As PostgreSQL prints them. */
  readonly rows: readonly (readonly (string | null)[])[]
  /** CommandComplete's, e.g. DELETE 3; null: it was cut off at its row limit, or was empty. */
  readonly tag: string | null
  readonly truncated: 'rows' | 'bytes' | null
  /** How many there were; null: more than were asked for, and nobody counted them. */
  readonly rowsTotal: number | null
}

interface Batch extends pg.Connection {
  sendCopyFail(message: string): void
}

export class StatementQuery implements pg.Submittable {
  readonly #text: StatementText
  readonly #outcome = Promise.withResolvers<Outcome>()
  #fields: Field[] = []
  #rows: (readonly (string | null)[])[] = []
  #bytes = 0
  #seen = 0
  #tag: string | null = null
  #truncated: Outcome['truncated'] = null
  #suspended = false

  constructor(text: StatementText) {
    this.#text = text
    this.#outcome.promise.catch(() => undefined)
  }

  /** @throws what the server or the session answered, as `pg` reads it */
  get outcome(): Promise<Outcome> {
    return this.#outcome.promise
  }

  submit(connection: pg.Connection): void {
    const { sql, parameters, rowsMax } = this.#text
    connection.parse({ name: '', text: sql, types: [] }, true)
    connection.bind({ portal: '', statement: '', values: [...parameters] }, true)
    connection.describe({ type: 'P', name: '' }, true)
    // One more than is given out, so that it is known whether there were more.
    connection.execute({ portal: '', rows: `${rowsMax + 1}` }, true)
    connection.sync()
  }

  handleRowDescription({ fields }: { readonly fields: readonly { name: string; dataTypeID: number }[] }): void {
    this.#fields = fields.map(({ name, dataTypeID }) => ({ name, typeOid: dataTypeID }))
  }

  handleDataRow({ fields, length }: { readonly fields: readonly (string | null)[]; readonly length: number }): void {
    this.#seen++
    if (this.#truncated !== null) return
    this.#bytes += length
    if (this.#bytes > this.#text.bytesMax) this.#truncated = 'bytes'
    else if (this.#rows.length >= this.#text.rowsMax) this.#truncated = 'rows'
    else this.#rows.push(fields)
  }

  handlePortalSuspended(): void {
    this.#truncated ??= 'rows'
    this.#suspended = true
  }

  handleEmptyQuery(): void {
    this.#tag = null
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#tag = text
  }

  /** Data does not come in by this door. */
  handleCopyInResponse(connection: pg.Connection): void {
    ;(connection as Batch).sendCopyFail('COPY FROM STDIN needs a connection of the PostgreSQL protocol')
  }

  handleCopyData(): void {
    this.#truncated = 'rows'
  }

  handleError(error: Error): void {
    this.#outcome.reject(error)
  }

  handleReadyForQuery(): void {
    const rowsTotal = this.#suspended || this.#truncated === 'rows' ? null : this.#seen
    const read = { fields: this.#fields, rows: this.#rows, tag: this.#tag }
    this.#outcome.resolve({ ...read, truncated: this.#truncated, rowsTotal })
  }
}
