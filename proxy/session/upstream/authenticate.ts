import { createHash } from 'node:crypto'
import { serialize } from 'pg-protocol'
import type { BackendMessage } from 'pg-protocol/dist/messages.js'
import type { TargetConfig } from '../../../config.ts'
import { SessionError } from '../errors.ts'
import { MECHANISM, Scram } from './scram.ts'

/** Answers the server's authentication requests with the target's own credential; the client's never gets here. */
export class UpstreamAuthentication {
  readonly #target: TargetConfig
  readonly #confidential: boolean
  #scram: Scram | null = null

  /** @param confidential nobody on the way can read along: TLS or loopback */
  constructor(target: TargetConfig, confidential: boolean) {
    this.#target = target
    this.#confidential = confidential
  }

  /** The reply to one Authentication message; null when none is due. */
  async reply(message: BackendMessage): Promise<Buffer | null> {
    switch (message.name) {
      case 'authenticationOk':
        return null
      case 'authenticationCleartextPassword':
        if (!this.#confidential) throw refused('asks for its password in the clear, without TLS')
        return serialize.password(this.#password)
      case 'authenticationMD5Password':
        return serialize.password(this.#md5((message as BackendMessage & { readonly salt: Buffer }).salt))
      case 'authenticationSASL':
        return this.#begin((message as BackendMessage & { readonly mechanisms: readonly string[] }).mechanisms)
      case 'authenticationSASLContinue': {
        const { data } = message as BackendMessage & { readonly data: string }
        return serialize.sendSCRAMClientFinalMessage(await this.#exchange().final(data))
      }
      case 'authenticationSASLFinal':
        this.#exchange().verify((message as BackendMessage & { readonly data: string }).data)
        return null
      default:
        throw refused('asks for a kind of authentication that is not supported')
    }
  }

  get #password(): string {
    if (this.#target.password !== undefined) return this.#target.password
    throw refused('asks for a password, and none is configured')
  }

  #begin(mechanisms: readonly string[]): Buffer {
    if (!mechanisms.includes(MECHANISM)) throw refused(`does not offer ${MECHANISM}`)
    this.#scram = new Scram(this.#password)
    return serialize.sendSASLInitialResponseMessage(MECHANISM, this.#scram.first)
  }

  #exchange(): Scram {
    if (this.#scram === null) throw refused('answers what was not asked (SCRAM)')
    return this.#scram
  }

  #md5(salt: Buffer): string {
    const inner = md5(this.#password + this.#target.user)
    return `md5${md5(Buffer.concat([Buffer.from(inner), salt]))}`
  }
}

function md5(text: string | Buffer): string {
  return createHash('md5').update(text).digest('hex')
}

function refused(why: string): SessionError {
  return new SessionError('upstream_refused', `The database ${why}`)
}
