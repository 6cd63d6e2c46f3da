import pg from 'pg'
import type { TargetConfig } from '../../config.ts'
import type { FiredRule } from '../../policies/decision.ts'
import type { Identity } from '../../policies/input.ts'
import type { HoldMode, Holds } from '../../workflows/holds/hold.ts'
import type { Judgement } from '../gate.ts'
import type { SessionServer } from '../session/serve.ts'
import { allowedInstead, type Instead, type JudgeText } from './allowed-instead.ts'
import type { Answer, Completed, Failed } from './answer.ts'
import { InnerStream } from './inner-stream.ts'
import { fromText, typeName } from './json-value.ts'
import { type Outcome, StatementQuery, type StatementText } from './statement-query.ts'

/**
 * One statement through the very machinery that serves the wire: a session of its own in this process, with its gate,
 * masks, holds, trail and transaction. The doors judge nothing, mask nothing and record nothing themselves.
 */
export interface Ask extends StatementText {
  readonly identity: Identity
  readonly target: TargetConfig
  readonly door: 'http' | 'mcp'
  readonly address: string
  readonly application: string
  readonly reason: string | null
  readonly onHold: HoldMode
  /** Why it cannot wait for people to answer; null: it can. */
  readonly breakGlass?: string | null
  /** The hold by whose approval it is to run; then nobody is asked again for what that was for. Absent: none. */
  readonly approvedBy?: string
  /** Aborted when the client goes away: what runs is cancelled. */
  readonly signal: AbortSignal
}

export interface RunnerParts {
  readonly sessions: Pick<SessionServer, 'open'>
  readonly holds: Pick<Holds, 'find'>
  readonly statementTimeoutMs: number
}

export type RunStatement = (ask: Ask) => Promise<Answer>

export function createRunner({ sessions, holds, statementTimeoutMs }: RunnerParts): RunStatement {
  return async (ask) => {
    const said = new Said()
    const [client, stream] = clientOf(ask, said, sessions, statementTimeoutMs)
    const gone = (): void => void stream.destroy()
    ask.signal.addEventListener('abort', gone, { once: true })
    try {
      ask.signal.throwIfAborted()
      await client.connect()
      const outcome = await client.query(new StatementQuery(ask)).outcome
      return completed(outcome, said.ran)
    } catch (error) {
      ask.signal.throwIfAborted()
      return refused(error, said, holds)
    } finally {
      ask.signal.removeEventListener('abort', gone)
      await client.end().catch(() => undefined)
    }
  }
}

/** What the gate said of the one statement. */
class Said {
  ran: Judgement | null = null
  rules: readonly FiredRule[] = []
  denied = false
  instead: Promise<Instead | null> = Promise.resolve(null)

  readonly watch = {
    runs: (judgement: Judgement): void => {
      this.ran = judgement
    },
    refused: (judgements: readonly Judgement[], judge: JudgeText): void => {
      this.instead = allowedInstead(judgements, judge).catch(() => null)
      this.rules = judgements.flatMap(({ decision }) => decision.rules)
      this.denied = judgements.some(({ decision }) => decision.outcome === 'deny')
    },
  }
}

function clientOf(ask: Ask, said: Said, sessions: RunnerParts['sessions'], statementTimeoutMs: number) {
  const { identity, target, door, address, onHold, reason, application, approvedBy } = ask
  const [mine, theirs] = InnerStream.pair()
  const by = approvedBy === undefined ? {} : { approvedBy }
  sessions.open(theirs, { identity, target, door, address, onHold, reason, ...by, watch: said.watch })
  const client = new pg.Client({
    stream: () => mine,
    host: 'inside',
    ssl: false,
    user: identity.name,
    database: target.name,
    application_name: application,
    statement_timeout: statementTimeoutMs,
  })
  client.on('error', () => undefined) // the query is told, too
  return [client, mine] as const
}

function completed({ fields, rows, tag, truncated, rowsTotal }: Outcome, ran: Judgement | null): Completed {
  const masks = ran?.outputMasks ?? null
  return {
    kind: 'completed',
    tag,
    columns: fields.map(({ name, typeOid }, at) => {
      return { name, type: typeName(typeOid), masked: masks?.[at]?.method ?? null }
    }),
    rows: rows.map((row) => row.map((text, at) => fromText(fields[at]?.typeOid ?? 0, text))),
    truncated,
    rowsTotal,
  }
}

async function refused(error: unknown, said: Said, holds: RunnerParts['holds']): Promise<Answer> {
  if (!(error instanceof pg.DatabaseError)) throw error
  const { code = 'XX000', message, detail } = error
  if (code === 'YH001') {
    const { hold: id } = JSON.parse(detail ?? '{}') as { readonly hold: string }
    const hold = await holds.find(id)
    if (hold !== null) return { kind: 'held', hold, instead: await said.instead, whole: null }
  }
  if (code === '42501' && said.denied) {
    const rules = said.rules.filter(({ outcome }) => outcome === 'deny')
    return { kind: 'denied', message, rules, instead: await said.instead }
  }
  return failed(code, error)
}

function failed(sqlstate: string, { message, detail, hint, position }: pg.DatabaseError): Failed {
  return {
    kind: 'failed',
    sqlstate,
    message,
    detail: detail ?? null,
    hint: hint ?? null,
    position: position === undefined ? null : Number(position),
  }
}
