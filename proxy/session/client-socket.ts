import type { Duplex } from 'node:stream'
import type { TargetConfig } from '../../config.ts'
import type { Identity, SessionInput } from '../../policies/input.ts'
import type { HoldMode } from '../../workflows/holds/hold.ts'
import type { Judgement } from '../gate.ts'

/** What a session needs of its client's connection: TCP, TLS, or a stream inside this process. */
export interface ClientSocket extends Duplex {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  /** Writes what is waiting, then ends. */
  destroySoon(): void
}

/** A client inside this process: one of the other doors, which has proven already who is asking. */
export interface InnerClient {
  readonly identity: Identity
  readonly target: TargetConfig
  readonly door: SessionInput['door']
  /** Where the request came from. */
  readonly address: string
  readonly onHold: HoldMode
  readonly reason: string | null
  /** The hold by whose approval it is to run: once that is used up or taken back, nobody is asked anew. Absent: none. */
  readonly approvedBy?: string
  readonly watch: StatementWatch
}

/** Told what the gate said, as it is; the wire has only SQLSTATEs and sentences. */
export interface StatementWatch {
  readonly runs: (judgement: Judgement) => void
  /** @param judge says what would become of another text, in the same session */
  readonly refused: (
    judgements: readonly Judgement[],
    judge: (text: string) => readonly Judgement[] | Promise<readonly Judgement[]>,
  ) => void
}
