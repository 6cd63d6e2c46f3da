import { flush, sync } from '../wire/messages/bare.ts'
import { encodeBareBind } from '../wire/messages/bind.ts'
import { decodeTextRow } from '../wire/messages/data-row.ts'
import { encodeClose } from '../wire/messages/describe.ts'
import { encodeExecute } from '../wire/messages/execute.ts'
import { encodeParse } from '../wire/messages/parse.ts'
import type { SessionContext } from './context.ts'
import { SessionError } from './errors.ts'
import { slot } from './exchange.ts'

/**
 * Asks the server itself what names mean now: role, search path, temporary relations. Qualified throughout, so that no
 * schema of the client's answers instead. Works between two messages of an open batch as well (Flush), and then also
 * says whether the settings on which reading the text rests are still what they must be, for the server reports those
 * only at the batch's end.
 */
const QUESTION = `SELECT pg_catalog.current_setting('search_path'), current_user,
  pg_catalog.current_setting('standard_conforming_strings'), pg_catalog.current_setting('client_encoding'),
  (SELECT pg_catalog.json_agg(c.relname) FROM pg_catalog.pg_class c
   WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())`

const NAME = 'holdpoint/names'
const question = Buffer.concat([
  encodeParse({ statement: NAME, sql: QUESTION, parameterTypes: [] }),
  encodeBareBind(NAME, NAME),
  encodeExecute({ portal: NAME, rowsMax: 0 }),
  encodeClose({ what: 'portal', name: NAME }),
  encodeClose({ what: 'statement', name: NAME }),
])

/** Nothing else may be under way. Resolves when the state knows, or the session has ended. */
export async function probeNames({ state, exchange, upstream, signal }: SessionContext): Promise<void> {
  const inBatch = exchange.batchOpen
  let answer: readonly (string | null)[] | null = null
  const ours = { swallow: true, vital: true }
  const capture = (row: Buffer): void => {
    answer = decodeTextRow(row)
  }
  exchange.push(slot('parse', ours))
  exchange.push(slot('bind', ours))
  exchange.push(slot('execute', { ...ours, capture }))
  exchange.push(slot('close', ours))
  exchange.push(slot('close', ours))
  if (!inBatch) exchange.push(slot('sync', ours))
  upstream.add(question)
  upstream.add(inBatch ? flush : sync)
  upstream.send()
  await exchange.whenQuiet()
  if (!signal.aborted) take(state, answer)
}

function take(state: SessionContext['state'], answer: readonly (string | null)[] | null): void {
  const [searchPath = null, role = null, strings, encoding, relations = null] = answer ?? []
  if (role === null || searchPath === null) throw new SessionError('internal', 'The session’s state is not known')
  checkReading('standard_conforming_strings', strings ?? '')
  checkReading('client_encoding', encoding ?? '')
  const temporaryRelations = new Set(relations === null ? [] : (JSON.parse(relations) as string[]))
  state.namesKnown({ searchPath, role, temporaryRelations })
}

const required: ReadonlyMap<string, string> = new Map([
  ['client_encoding', 'UTF8'],
  ['standard_conforming_strings', 'on'],
])

/** Were one of these otherwise, the server would read another text than was judged. */
export function checkReading(setting: string, value: string): void {
  const wanted = required.get(setting)
  if (wanted === undefined || wanted === value) return
  throw new SessionError('settings_changed', `${setting} must stay ${wanted}`)
}
