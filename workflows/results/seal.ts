import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import { ResultError } from './errors.ts'

/**
 * Seals what waits in the state database for its asker, or for reviewers: AES-256-GCM, a nonce of its own each time, and
 * the hold's id as authenticated data, so that nothing sealed for one hold opens for another.
 *
 *   12 bytes nonce │ 16 bytes tag │ ciphertext
 */
export interface Seal {
  /** Tells keys apart and says nothing about them. */
  readonly keyId: string
  close(text: string, hold: string, purpose: Purpose): Buffer
  /** @throws ResultError other_key when it was sealed with another key, or for something else */
  open(sealed: Buffer, keyId: string | null, hold: string, purpose: Purpose): string
}

/** A statement is not a result of the same hold. */
export type Purpose = 'statement' | 'result' | 'webhook' | 'examples'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'
/** In the data folder. */
export const KEY_FILE = 'result-key'

export function createSeal(secret: string): Seal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'holdpoint deferred results', 32))
  const keyId = createHash('sha256').update(key).digest('hex').slice(0, 16)
  const about = (hold: string, purpose: Purpose): Buffer => Buffer.from(`${purpose} ${hold}`)
  return {
    keyId,
    close(text, hold, purpose) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(about(hold, purpose))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
    },
    open(sealed, usedKey, hold, purpose) {
      if (usedKey !== keyId) throw otherKey()
      try {
        const nonce = sealed.subarray(0, NONCE_BYTES)
        const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
        decipher.setAAD(about(hold, purpose)).setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
        const opened = [decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]
        return Buffer.concat(opened).toString('utf8')
      } catch (cause) {
        throw otherKey(cause)
      }
    },
  }
}

/** The seal of this installation. */
export function sealOf({ doors, data }: SealConfig): Seal {
  return createSeal(resultSecret(doors.resultKey, data))
}

type SealConfig = Pick<Config, 'data'> & { readonly doors: Pick<Config['doors'], 'resultKey'> }

/** The same, made when it is first used: whoever never seals anything needs no key. */
export function lazySeal(config: SealConfig): () => Seal {
  let seal: Seal | null = null
  return () => (seal ??= sealOf(config))
}

function otherKey(cause?: unknown): ResultError {
  return new ResultError('other_key', 'What was kept cannot be opened with the key that is configured', {
    cause,
    hint: 'All proxies, workers and bots need the same doors.resultKey',
  })
}

/** The configured secret, or one that is made once and kept beside the journal, where the processes of one machine find it. */
export function resultSecret(configured: string | undefined, dataFolder: string): string {
  if (configured !== undefined) return configured
  const file = join(dataFolder, KEY_FILE)
  if (!existsSync(file)) {
    try {
      writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' })
    } catch (cause) {
      // Another process was faster.
      if (!existsSync(file)) throw cause
    }
  }
  return readFileSync(file, 'utf8')
}
