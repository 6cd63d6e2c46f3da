import { flush, sync } from '../wire/messages/bare.ts'
import { encodeBareBind } from '../wire/messages/bind.ts'
import { decodeTextRow } from '../wire/messages/data-row.ts'
import { encodeClose } from '../wire/messages/describe.ts'
import { encodeExecute } from '../wire/messages/execute.ts'
import { encodeParse } from '../wire/messages/parse.ts'
import type { SessionContext } from './context.ts'
import { type Doubts, isDoubtful } from './doubts.ts'
import { SessionError } from './errors.ts'
import { slot } from './exchange.ts'
import { checkReading } from './reading.ts'
import type { Described } from './temporary-relations.ts'

/**
 * Asks the server itself what names mean now: role, search path, temporary relations. Qualified throughout, so that no
 * schema of the client's answers instead. Works between two messages of an open batch as well (Flush), and then also
 * says whether the settings on which reading the text rests are still what they must be, for the server reports those
 * only at the batch's end.
 */
const QUESTION = `SELECT pg_catalog.current_setting('search_path'), current_user,
  pg_catalog.current_setting('standard_conforming_strings'), pg_catalog.current_setting('client_encoding'),
  (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(c.relname, c.oid, c.relkind, c.reltype,
     NOT (c.relhastriggers OR c.relrowsecurity OR c.relispartition
          OR EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid OPERATOR(pg_catalog.=) c.oid
                                                             OR i.inhparent OPERATOR(pg_catalog.=) c.oid)
          OR EXISTS (SELECT FROM pg_catalog.pg_rewrite r
                     WHERE r.ev_class OPERATOR(pg_catalog.=) c.oid AND r.ev_type OPERATOR(pg_catalog.<>) '1')),
     CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'v' THEN pg_catalog.pg_get_viewdef(c.oid) END,
     (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, a.attname, a.atttypid,
                                                             a.attgenerated OPERATOR(pg_catalog.<>) ''))
      FROM pg_catalog.pg_attribute a
      WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped)))
   FROM pg_catalog.pg_class c WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()),
  pg_catalog.pg_my_temp_schema()::pg_catalog.regnamespace`

const NAME = 'holdpoint/names'

type Row = readonly (string | null)[]
type Take = (state: SessionContext['state'], rows: readonly Row[]) => void

/** Statements that are asked in a row, and what their rows say. */
interface Question {
  readonly asked: readonly Buffer[]
  readonly take: Take
}

const everything: Question = { asked: [statement(QUESTION)], take: takeEverything }
const path: Question = { asked: [statement('SHOW search_path')], take: takePath }
const role: Question = { asked: [statement('SHOW role'), statement('SHOW session_authorization')], take: takeRole }

/** Nothing else may be under way. Resolves when it was answered, or could not be, or the session has ended. */
export async function probeNames(session: SessionContext): Promise<void> {
  ask(session, session.state.doubts, session.exchange.batchOpen)
  session.upstream.send()
  await session.exchange.whenQuiet()
}

/**
 * Asks along with what was sent just now, so that nobody waits for the answer longer than for the server's own. Where it
 * turns out that the question cannot be answered (the client's statement has failed its transaction), nothing is known
 * and it is asked for once it matters.
 */
export function askAlong(session: SessionContext, doubts: Doubts): void {
  ask(session, doubts, false)
}

function ask(session: SessionContext, doubts: Doubts, inBatch: boolean): void {
  const { exchange, upstream, state } = session
  const ours = { swallow: true, asks: inBatch ? ('vitally' as const) : ('in vain' as const) }
  for (const { asked, take } of questionsFor(doubts)) {
    const rows: Row[] = []
    for (const [index, message] of asked.entries()) {
      exchange.push(slot('parse', ours))
      exchange.push(slot('bind', ours))
      exchange.push(slot('execute', { ...ours, capture: (row) => void rows.push(decodeTextRow(row)) }))
      exchange.push(slot('close', ours))
      const answered = index === asked.length - 1 ? [whenDone(() => take(state, rows))] : []
      exchange.push(slot('close', { ...ours, changes: answered }))
      upstream.add(message)
    }
  }
  if (!inBatch) exchange.push(slot('sync', ours))
  upstream.add(inBatch ? flush : sync)
}

function questionsFor(doubts: Doubts): readonly Question[] {
  if (doubts.relations) return [everything]
  return [...(doubts.path ? [path] : []), ...(doubts.role ? [role] : [])]
}

function statement(sql: string): Buffer {
  return Buffer.concat([
    encodeParse({ statement: NAME, sql, parameterTypes: [] }),
    encodeBareBind(NAME, NAME),
    encodeExecute({ portal: NAME, rowsMax: 0 }),
    encodeClose({ what: 'portal', name: NAME }),
    encodeClose({ what: 'statement', name: NAME }),
  ])
}

function whenDone(confirm: () => void) {
  return { name: NAME, confirm, expectAgain: () => undefined, lose: () => undefined }
}

function takeEverything(state: SessionContext['state'], [answer = []]: readonly Row[]): void {
  const [searchPath = null, role = null, strings, encoding, relations = null, schema] = answer
  if (role === null || searchPath === null) throw unknown()
  checkReading('standard_conforming_strings', strings ?? '')
  checkReading('client_encoding', encoding ?? '')
  const described = relations === null ? [] : (JSON.parse(relations) as DescribedRow[]).map(describedBy)
  state.namesKnown({ searchPath, role, temporary: { schema: schema ?? '', relations: described } })
}

type AttributeRow = [number: string | number, name: string, type: string | number, generated: boolean]
type DescribedRow = [
  name: string,
  oid: string | number,
  kind: string,
  rowType: string | number,
  plain: boolean,
  query: string | null,
  attributes: AttributeRow[] | null,
]

function describedBy([name, oid, kind, rowType, plain, query, attributes]: DescribedRow): Described {
  const inOrder = (attributes ?? []).toSorted(([a], [b]) => Number(a) - Number(b))
  return {
    name,
    oid: Number(oid),
    kind,
    rowType: Number(rowType),
    plain,
    query,
    attributes: inOrder.map(([number, column, type, generated]) => {
      return { number: Number(number), name: column, type: Number(type), expression: null, generated }
    }),
  }
}

function takePath(state: SessionContext['state'], [answer = []]: readonly Row[]): void {
  const [searchPath = null] = answer
  if (searchPath === null) throw unknown()
  state.namesKnown({ searchPath })
}

/** `none`, which no role can be called, is whoever the session belongs to. */
function takeRole(state: SessionContext['state'], [active = [], own = []]: readonly Row[]): void {
  const [[set = null], [user = null]] = [active, own]
  if (set === null || user === null) throw unknown()
  state.namesKnown({ role: set === 'none' ? user : set })
}

function unknown(): SessionError {
  return new SessionError('internal', 'The session’s state is not known')
}

/** So often is asked again what a cancel meant for something else has cut short. */
const ASKED_MAX = 3

/** Asks until it is known. @throws SessionError when nobody says */
export async function learnNames(session: SessionContext): Promise<void> {
  const { exchange, signal, state } = session
  const askable = () => state.transaction !== 'failed' && !exchange.skipping && !exchange.copyIn && !signal.aborted
  for (let asked = 0; isDoubtful(state.doubts) && askable(); asked++) {
    if (asked === ASKED_MAX) throw unknown()
    await probeNames(session)
  }
}
