import type { Judgement } from '../gate.ts'

/** A name that the server cannot mean otherwise: not quoted, not folded beyond ASCII, not cut. */
const PLAIN = /^[a-z_][a-z0-9_]{0,62}$/
const MARKS = /^\s*SAVEPOINT\s+(\S+?)[\s;]*$/i
const BACK = /^\s*ROLLBACK\s+(?:(?:WORK|TRANSACTION)\s+)?TO\s+(?:SAVEPOINT\s+)?(\S+?)[\s;]*$/i

/**
 * How much there was of something at each savepoint of the open transaction. In doubt more of it is left than the server
 * has left: names that are not plain are not followed, and what was released may still be named.
 */
export class Savepoints {
  #marks: { readonly name: string; readonly size: number }[] = []
  #followed = true

  /** @returns how much is left when the savepoint is gone back to; null: nobody can say */
  completed({ text }: Judgement, size: number): number | null {
    const name = MARKS.exec(text)?.[1]?.toLowerCase()
    if (name !== undefined) this.#mark(name, size)
    else if (/SAVEPOINT/i.test(text) && !/^\s*(RELEASE|ROLLBACK)\s/i.test(text)) this.#followed = false
    const back = BACK.exec(text)?.[1]?.toLowerCase()
    return back === undefined || !this.#followed ? null : this.#back(back)
  }

  clear(): void {
    this.#marks = []
    this.#followed = true
  }

  #mark(name: string, size: number): void {
    if (!PLAIN.test(name)) this.#followed = false
    this.#marks.push({ name, size })
    if (this.#marks.length > MARKS_MAX) this.#followed = false
  }

  #back(name: string): number | null {
    const at = this.#marks.findLastIndex((mark) => mark.name === name)
    if (at === -1) return null
    this.#marks = this.#marks.slice(0, at + 1)
    return this.#marks[at]?.size ?? null
  }
}

const MARKS_MAX = 1_000
