import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { OPA_VERSION, type OpaBinary } from './opa-release.ts'

export interface Download {
  readonly config: { readonly mirror: string }
  readonly progress: (line: string) => void
  readonly downloadTimeoutMs?: number
}

const TIMEOUT_MS = 30_000

/**
 * Fetches the official binary from the mirror and puts it into place whole or not at all.
 * @throws Error with a message that says why not, fit for a list
 */
export async function downloadOpa(search: Download, binary: OpaBinary | undefined, path: string): Promise<void> {
  if (binary === undefined) throw new Error('there is no official static binary for this platform')
  if (binary.sha256 === null) throw new Error(`refused, because no checksum of ${binary.file} is recorded here`)
  const url = `${search.config.mirror.replace(/\/+$/, '')}/v${OPA_VERSION}/${binary.file}`
  search.progress(`downloading OPA ${OPA_VERSION}`)
  const bytes = await fetchBytes(url, search.downloadTimeoutMs ?? TIMEOUT_MS)
  if (createHash('sha256').update(bytes).digest('hex') !== binary.sha256)
    throw new Error(`what came from ${url} is not the official release: its SHA-256 differs`)
  placeExecutable(bytes, path)
}

async function fetchBytes(url: string, timeoutMs: number): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).catch((error: Error) => {
    throw new Error(`${url} ${error.name === 'TimeoutError' ? 'did not answer in time' : 'cannot be reached'}`)
  })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  const body = await response.arrayBuffer().catch(() => {
    throw new Error(`${url} broke off`)
  })
  return Buffer.from(body)
}

function placeExecutable(bytes: Buffer, path: string): void {
  const partial = `${path}.${randomBytes(4).toString('hex')}.partial`
  try {
    writeFileSync(partial, bytes)
    chmodSync(partial, 0o755)
    renameSync(partial, path)
  } finally {
    rmSync(partial, { force: true })
  }
}
