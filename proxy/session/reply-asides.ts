import { decodeParameterStatus } from '../wire/messages/parameter-status.ts'
import type { SessionContext } from './context.ts'
import { checkReading } from './reading.ts'
import { scrubReport, withheldNow } from './scrub.ts'

/** What the server may say between any two messages, and which answers nothing. */
export class ReplyAsides {
  readonly #session: SessionContext

  constructor(session: SessionContext) {
    this.#session = session
  }

  notice(): void {
    const { exchange, toClient, fromUpstream } = this.#session
    if (exchange.first?.stopped === true || exchange.first?.parts?.isAboutOurs(fromUpstream.bytes) === true) return
    const scrub = withheldNow(this.#session)
    if (scrub !== null) toClient.add(scrubReport(fromUpstream.bytes, scrub))
    else toClient.keep(fromUpstream)
  }

  notification(): void {
    this.#session.toClient.keep(this.#session.fromUpstream)
  }

  /** @throws SessionError settings_changed, before anything more is forwarded */
  setting(): void {
    const { state, toClient, fromUpstream } = this.#session
    const { name, value } = decodeParameterStatus(fromUpstream.bytes)
    checkReading(name, value)
    if (name === 'search_path') state.searchPathReported(value)
    else if (name === 'application_name') state.application = value
    toClient.keep(fromUpstream)
  }
}
