import type { Judgement } from '../gate.ts'
import { leadsAlike } from '../sql/remembered.ts'
import { frontend } from '../wire/message-types.ts'
import { encodeDescribe } from '../wire/messages/describe.ts'
import { decodeExecute } from '../wire/messages/execute.ts'
import { isSkipped, settleThen } from './batch.ts'
import { confirmThen, recordTakenBack, rollBackInBatch } from './confirming.ts'
import type { SessionContext } from './context.ts'
import { scrubbed, slot } from './exchange.ts'
import { outcomeOf } from './judge-in-order.ts'
import { judged } from './judging.ts'
import { mayKeep } from './kept-writes.ts'
import { definitionsOf, type Portal } from './prepared.ts'
import { denied, refusedBecause } from './refusal.ts'
import type { Refusals } from './refusals.ts'
import { CHANGED, definitionsChanged, standingBefore } from './standing-before.ts'
import { mayCommit } from './write-limits.ts'

/** Execute: a portal runs, or goes on. Every one of them is judged and recorded. */
export class Executing {
  readonly #session: SessionContext
  readonly #refusals: Refusals

  constructor(session: SessionContext, refusals: Refusals) {
    this.#session = session
    this.#refusals = refusals
  }

  execute(): Promise<void> | undefined {
    const { fromClient, state } = this.#session
    const { portal: name } = decodeExecute(fromClient)
    if (state.portals.isUncertain(name)) return settleThen(this.#session, () => this.execute())
    const portal = state.portals.lookup(name)
    if (portal === undefined) return this.#refuse('34000', `portal "${name}" does not exist`)
    return judged(this.#session, portal, (judgements) => {
      // It runs what its names meant when it was made, which may not be what is judged now.
      if (!state.isCurrent(portal.names) && !leadsAlike(definitionsOf(judgements), portal.ledTo)) {
        return this.#refuse('40001', `portal "${name}" was made before names changed: bind it again`)
      }
      if (judgements.some(mayCommit) && this.#session.exchange.mayHaveToFail)
        return settleThen(this.#session, () => this.execute())
      if (this.#session.unconfirmed.isDue(judgements.some(mayKeep)))
        return confirmThen(this.#session, {
          kept: () => this.execute(),
          lost: () => this.#takenBack(judgements, portal),
        })
      const doubt = standingBefore(this.#session, judgements)
      if (doubt === null) return this.#decide(portal, judgements)
      return doubt.then((stands) => {
        if (isSkipped(this.#session)) return undefined
        return stands ? this.#decide(portal, judgements) : this.#refuse('40001', CHANGED)
      })
    })
  }

  #decide(portal: Portal, judgements: readonly Judgement[]): undefined {
    const outcome = outcomeOf(judgements)
    if (outcome === 'allow' || (outcome === 'hold' && portal.hold !== null)) return this.#run(portal, judgements[0])
    this.#refusals.record(judgements, portal.parameters)
    if (outcome === 'deny') this.#refusals.extended(denied(judgements), frontend.execute)
    else this.#refuse('42501', 'Holdpoint: the statement needs approval since it was bound; bind it again')
    return undefined
  }

  #run(portal: Portal, judgement: Judgement | undefined): undefined {
    const { exchange, fromClient, limits, recorder, state, unconfirmed, upstream } = this.#session
    exchange.batchOpen = true
    if (judgement === undefined) {
      exchange.push(slot('execute', { portal })) // an empty text: EmptyQueryResponse
    } else {
      const alone = !exchange.batchRuns
      const intended = recorder.intended({ judgement, parameters: portal.parameters, alone }, portal.hold)
      const run = unconfirmed.intends(intended)
      upstream.recorded()
      state.sends([judgement])
      if (run.traits.proof && !portal.described) this.#describe(portal)
      exchange.push(slot('execute', { runs: [run], portal, scrub: scrubbed([judgement]) }))
      limits.started(run, portal)
      exchange.batchRuns = true
      exchange.batchEnds ||= run.traits.endsTransaction || mayKeep(judgement)
      exchange.barrier ||= run.traits.settles
      exchange.copyExpected ||= run.traits.copyFrom
    }
    upstream.keep(fromClient)
  }

  /** What it would have committed does not stand: it is rolled back, as by a COMMIT that fails. */
  #takenBack(judgements: readonly Judgement[], { hold }: Portal): void {
    recordTakenBack(this.#session, judgements, hold)
    if (judgements.some(mayKeep)) rollBackInBatch(this.#session)
    this.#refusals.extended(definitionsChanged, frontend.execute)
  }

  /** The client did not ask what the rows are, but no row passes before that is known. */
  #describe(portal: Portal): void {
    const { exchange, upstream } = this.#session
    portal.described = true
    exchange.push(slot('describe', { swallow: true, portal }))
    upstream.add(encodeDescribe({ what: 'portal', name: portal.name }))
  }

  #refuse(sqlstate: string, message: string): undefined {
    this.#refusals.extended(refusedBecause(sqlstate, message), frontend.execute)
  }
}
