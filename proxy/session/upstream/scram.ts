import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { SessionError } from '../errors.ts'

/**
 * The client's side of SCRAM-SHA-256, without channel binding, towards the protected server.
 * https://www.rfc-editor.org/rfc/rfc5802 · https://www.postgresql.org/docs/current/sasl-authentication.html
 *
 *   first: n,,n=,r=<nonce> → r=<nonce+>,s=<salt>,i=<rounds> → final: c=biws,r=<nonce+>,p=<proof> → v=<signature>
 */
export const MECHANISM = 'SCRAM-SHA-256'

const pbkdf2Async = promisify(pbkdf2)
const GS2_HEADER = 'n,,'
/** A hostile server must not keep a core busy; PostgreSQL's default is 4,096. */
const ROUNDS_MAX = 1_000_000

export class Scram {
  readonly #password: string
  readonly #bare: string
  readonly #nonce: string
  #serverSignature: Buffer | null = null

  constructor(password: string, nonce = randomBytes(18).toString('base64')) {
    this.#password = password.normalize('NFKC')
    this.#nonce = nonce
    this.#bare = `n=,r=${nonce}`
  }

  get first(): string {
    return GS2_HEADER + this.#bare
  }

  async final(serverFirst: string): Promise<string> {
    const { r: nonce = '', s: salt = '', i: rounds = '' } = attributes(serverFirst)
    const count = Number(rounds)
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce || salt === '') throw refused('gave no proper nonce')
    if (!Number.isInteger(count) || count < 1 || count > ROUNDS_MAX) throw refused('asks for too many rounds')
    const salted = await pbkdf2Async(this.#password, Buffer.from(salt, 'base64'), count, 32, 'sha256')
    const clientKey = hmac(salted, 'Client Key')
    const unproven = `c=${Buffer.from(GS2_HEADER).toString('base64')},r=${nonce}`
    const authenticated = `${this.#bare},${serverFirst},${unproven}`
    const signature = hmac(createHash('sha256').update(clientKey).digest(), authenticated)
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), authenticated)
    return `${unproven},p=${xor(clientKey, signature).toString('base64')}`
  }

  /** The server has to know the password too. */
  verify(serverFinal: string): void {
    const given = Buffer.from(attributes(serverFinal).v ?? '', 'base64')
    const wanted = this.#serverSignature
    if (wanted === null || given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      throw refused('could not prove itself')
    }
  }
}

function attributes(message: string): Partial<Record<string, string>> {
  return Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]))
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] as number)))
}

function refused(why: string): SessionError {
  return new SessionError('upstream_refused', `The database ${why} (SCRAM)`)
}
