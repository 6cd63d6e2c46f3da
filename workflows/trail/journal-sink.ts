import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The file that a journal is being written to, and the change from one to the next. Every method throws what the file
 * system threw, and then what is on disk is not known.
 */
export interface SinkOptions {
  readonly folder: string
  /** What is written also survives the machine, once `sync` has resolved. */
  readonly durable: boolean
  /** The file that the first one opened here continues. */
  readonly lastFile: string | null
}

export class JournalSink {
  readonly #options: SinkOptions
  #file = -1
  #name: string | null
  #bytes = 0
  /** Full files that a sync may still be using: closed, their numbers would name another file meanwhile. */
  #full: number[] = []
  #syncing = false

  constructor(options: SinkOptions) {
    this.#options = options
    this.#name = options.lastFile
  }

  get name(): string | null {
    return this.#name
  }

  /** How much is in the file now. */
  get bytes(): number {
    return this.#bytes
  }

  /** The file before is complete and on disk, and the new one holds its first record, when this returns. */
  open(name: string, first: Buffer): void {
    const { folder, durable } = this.#options
    const continuing = this.#file !== -1
    if (continuing && durable) fdatasyncSync(this.#file)
    // At the start a file of this name can only be one that was being opened when its process died.
    const file = openSync(join(folder, name), continuing ? 'wx' : 'w', 0o600)
    if (continuing) this.#full.push(this.#file)
    this.#file = file
    this.#name = name
    this.#bytes = 0
    this.write(first)
    if (durable) syncWithFolder(file, folder)
    if (!this.#syncing) this.#closeFull()
  }

  write(bytes: Buffer): void {
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written)
    this.#bytes += bytes.length
  }

  /** Resolves when everything written before the call is on disk. One at a time. */
  async sync(): Promise<void> {
    this.#syncing = true
    const error = await new Promise<Error | null>((resolve) => fdatasync(this.#file, resolve))
    this.#syncing = false
    this.#closeFull()
    if (error !== null) throw error
  }

  close(): void {
    this.#closeFull()
    if (this.#file === -1) return
    const file = this.#file
    this.#file = -1
    try {
      fdatasyncSync(file)
    } finally {
      closeSync(file)
    }
  }

  #closeFull(): void {
    for (const file of this.#full.splice(0)) closeSync(file)
  }
}

/** The file, and the folder that names it. */
function syncWithFolder(file: number, folder: string): void {
  fsyncSync(file)
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
