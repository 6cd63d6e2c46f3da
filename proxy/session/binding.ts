import type { BoundParameters, Judgement } from '../gate.ts'
import { frontend } from '../wire/message-types.ts'
import { type Bind, decodeBind } from '../wire/messages/bind.ts'
import type { Approvals, Decided } from './approvals.ts'
import { isSkipped, settleThen } from './batch.ts'
import type { SessionContext } from './context.ts'
import { scrubbed, slot } from './exchange.ts'
import { outcomeOf } from './judge-in-order.ts'
import { judged } from './judging.ts'
import { parameterTexts } from './parameter-text.ts'
import { definitionsOf, type Portal, type PreparedStatement } from './prepared.ts'
import type { Preparing } from './preparing.ts'
import { recordedParameters } from './recorded-parameters.ts'
import { denied, refusedBecause } from './refusal.ts'
import type { Refusals } from './refusals.ts'

const NONE: readonly never[] = []

interface Bound {
  readonly bind: Bind
  readonly statement: PreparedStatement
  readonly parameters: BoundParameters
  /** The parameters as people read them, as far as the trail keeps them. */
  readonly recorded: readonly (string | null)[]
}

/**
 * Bind: a statement and its parameters become a portal. It is judged here because planning may already run functions,
 * because the portal keeps what its names mean now, and because a hold has to wait before the server locks anything.
 */
export class Binding {
  readonly #session: SessionContext
  readonly #approvals: Approvals
  readonly #refusals: Refusals
  readonly #preparing: Preparing

  constructor(session: SessionContext, parts: { approvals: Approvals; refusals: Refusals; preparing: Preparing }) {
    this.#session = session
    this.#approvals = parts.approvals
    this.#refusals = parts.refusals
    this.#preparing = parts.preparing
  }

  bind(): Promise<void> | undefined {
    const { fromClient, state } = this.#session
    const bind = decodeBind(fromClient)
    if (state.statements.isUncertain(bind.statement)) return settleThen(this.#session, () => this.bind())
    const statement = state.statements.lookup(bind.statement)
    if (statement === undefined) {
      const which = bind.statement === '' ? 'unnamed prepared statement' : `prepared statement "${bind.statement}"`
      return this.#refuse('26000', `${which} does not exist`)
    }
    const parameters = parametersOf(bind, statement)
    const recorded = recordedParameters(parameters)
    const decide = (recorded: Bound['recorded']) =>
      judged(this.#session, statement, (judgements) =>
        this.#decide({ bind, statement, parameters, recorded }, judgements),
      )
    if (!(recorded instanceof Promise)) return decide(recorded)
    return recorded.then((late) => {
      this.#session.turn++
      return isSkipped(this.#session) ? undefined : decide(late)
    })
  }

  #decide(bound: Bound, judgements: readonly Judgement[]): Promise<void> | undefined {
    if (judgements.length > 1) return this.#refuse('42601', 'cannot insert multiple commands into a prepared statement')
    switch (outcomeOf(judgements)) {
      case 'allow':
        return this.#forward(bound, judgements, null)
      case 'deny':
        return this.#conclude(bound, { kind: 'refuse', judgements, report: denied(judgements) })
      case 'hold':
        return this.#approvals.decide(this.#asked(bound)).then((verdict) => {
          if (verdict.kind !== 'skip') this.#conclude(bound, verdict)
        })
    }
  }

  #asked({ statement, parameters }: Bound) {
    const { gate, state } = this.#session
    const shown = parameterTexts(parameters)
    return { text: statement.text, judge: () => gate.judge(statement.text, state), bound: parameters, shown }
  }

  #conclude(bound: Bound, verdict: Decided): undefined {
    if (verdict.kind === 'run') return this.#forward(bound, verdict.judgements, verdict.hold)
    this.#refusals.record(verdict.judgements, bound.recorded)
    this.#refusals.extended(verdict.report, frontend.bind)
    return undefined
  }

  #forward({ bind, statement, recorded }: Bound, judgements: readonly Judgement[], hold: string | null): undefined {
    const { exchange, fromClient, state, upstream, turn } = this.#session
    if (!state.isCurrent(statement.names) && !this.#preparing.again(statement, judgements)) return
    const portal: Portal = {
      name: bind.portal,
      text: statement.text,
      names: state.names,
      ledTo: definitionsOf(judgements),
      parameters: recorded,
      holdable: false,
      hold,
      described: false,
      fields: null,
      columns: null,
      judged: { turn, judgements },
    }
    exchange.push(slot('bind', { changes: [state.portals.expect(bind.portal, portal)], scrub: scrubbed(judgements) }))
    exchange.batchOpen = true
    exchange.batchBinds = true
    upstream.keep(fromClient)
  }

  #refuse(sqlstate: string, message: string): undefined {
    this.#refusals.extended(refusedBecause(sqlstate, message), frontend.bind)
  }
}

function parametersOf({ parameterFormats, parameters }: Bind, { parameterTypes }: PreparedStatement): BoundParameters {
  return { types: parameterTypes ?? NONE, formats: parameterFormats, values: parameters }
}
