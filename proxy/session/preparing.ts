import type { Judgement } from '../gate.ts'
import { leadsToTheSame } from '../sql/remembered.ts'
import { frontend } from '../wire/message-types.ts'
import { decodeNamed, encodeClose } from '../wire/messages/describe.ts'
import { decodeParse, encodeParse } from '../wire/messages/parse.ts'
import type { SessionContext } from './context.ts'
import { scrubbed, slot } from './exchange.ts'
import { outcomeOf } from './judge-in-order.ts'
import { judged } from './judging.ts'
import { definitionsOf, type PreparedStatement } from './prepared.ts'
import { denied, deniedBySession, refusedBecause } from './refusal.ts'
import type { Refusals } from './refusals.ts'
import { traitsOf } from './traits.ts'

const NONE: readonly never[] = []

function refusedForParameters(judgement: Judgement): Judgement {
  const reason = 'Its parameter is declared as a domain, whose checks would run; leave the type to the server.'
  return deniedBySession(judgement, 'session.parameter_type', 'Parameters run no code', reason)
}

/** Parse, Describe and Close: what a client does to its prepared statements and portals without running them. */
export class Preparing {
  readonly #session: SessionContext
  readonly #refusals: Refusals

  constructor(session: SessionContext, refusals: Refusals) {
    this.#session = session
    this.#refusals = refusals
  }

  /** A denied statement is refused here already, so that nothing of it goes upstream; it is judged again when it runs. */
  parse(): Promise<void> | undefined {
    const { fromClient, state } = this.#session
    const { statement: name, sql: text, parameterTypes } = decodeParse(fromClient)
    const statement = { name, text, parameterTypes, judged: null }
    return judged(this.#session, statement, (judgements) =>
      this.#decide(statement, state.runsCodeFor(parameterTypes) ? judgements.map(refusedForParameters) : judgements),
    )
  }

  #decide(parsed: Omit<PreparedStatement, 'names' | 'ledTo'>, judgements: readonly Judgement[]): undefined {
    const { exchange, fromClient, state, upstream } = this.#session
    // Several statements in one Parse are an error of the server's, before it looks into any of them.
    if (judgements.length === 1 && outcomeOf(judgements) === 'deny') {
      this.#refusals.record(judgements, NONE)
      this.#refusals.extended(denied(judgements), frontend.parse, parsed.name)
      return
    }
    // Judging may have waited: what names mean is what they mean by now.
    const statement = { ...parsed, names: state.names, ledTo: definitionsOf(judgements) }
    exchange.push(
      slot('parse', { changes: [state.statements.expect(statement.name, statement)], scrub: scrubbed(judgements) }),
    )
    exchange.batchOpen = true
    upstream.keep(fromClient)
  }

  /**
   * The server may still mean by the statement what its names meant when it was prepared (a temporary table made since
   * does not make it look again), so it is prepared anew before it is bound; one that only the client
   * can prepare must lead to what it led to. False: it was refused.
   */
  again({ name, text, parameterTypes, ledTo }: PreparedStatement, judgements: readonly Judgement[]): boolean {
    const { exchange, state, upstream } = this.#session
    const leadsTo = definitionsOf(judgements)
    if (parameterTypes === null) {
      if (leadsToTheSame(leadsTo, ledTo)) return true
      const message = `prepared statement "${name}" was made before names changed: PREPARE it again`
      this.#refusals.extended(refusedBecause('26000', message), frontend.bind)
      return false
    }
    const renewed = { name, text, parameterTypes, names: state.names, ledTo: leadsTo, judged: null }
    if (name !== '') {
      exchange.push(slot('close', { swallow: true, changes: [state.statements.expect(name, null)] }))
      upstream.add(encodeClose({ what: 'statement', name }))
    }
    exchange.push(slot('parse', { swallow: true, changes: [state.statements.expect(name, renewed)] }))
    upstream.add(encodeParse({ statement: name, sql: text, parameterTypes }))
    return true
  }

  describe(): undefined {
    const { exchange, fromClient, state, upstream } = this.#session
    const { what, name } = decodeNamed(fromClient)
    const portal = what === 'portal' ? state.portals.lookup(name) : undefined
    const judgement = (portal ?? state.statements.lookup(name))?.judged?.judgements[0]
    const proof = portal !== undefined && judgement !== undefined && traitsOf(judgement).proof
    // The client's own question serves us as well.
    if (proof) portal.described = true
    exchange.push(slot('describe', { portal: portal ?? null, scrub: judgement?.scrub ? [judgement] : null }))
    exchange.batchOpen = true
    upstream.keep(fromClient)
  }

  close(): undefined {
    const { exchange, fromClient, state, upstream } = this.#session
    const { what, name } = decodeNamed(fromClient)
    const { statements, portals } = state
    // SQL can name it too: what was judged by what is behind the name is judged anew. (A name cannot be taken twice, so
    // one that is made changes no judgement but that there is nothing behind it.)
    this.#session.turn++
    const change = what === 'portal' ? portals.expect(name, null) : statements.expect(name, null)
    exchange.push(slot('close', { changes: [change] }))
    exchange.batchOpen = true
    upstream.keep(fromClient)
  }
}
