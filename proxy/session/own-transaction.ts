import { encodeBareBind } from '../wire/messages/bind.ts'
import { encodeClose } from '../wire/messages/describe.ts'
import { encodeExecute } from '../wire/messages/execute.ts'
import { encodeParse } from '../wire/messages/parse.ts'
import { encodeQuery } from '../wire/messages/query.ts'
import type { SessionContext } from './context.ts'
import { slot } from './exchange.ts'

/** What begins and ends a transaction that is ours and not the client's. */
export const COMMIT = encodeQuery('COMMIT')
export const ROLLBACK = encodeQuery('ROLLBACK')

const NAME = 'holdpoint/begin'
const BEGIN = Buffer.concat([
  encodeParse({ statement: NAME, sql: 'BEGIN', parameterTypes: [] }),
  encodeBareBind('', NAME),
  encodeExecute({ portal: '', rowsMax: 0 }),
  encodeClose({ what: 'statement', name: NAME }),
])

/**
 * It goes together with the part behind it, for one round trip. In the extended protocol, and without Sync: should it fail,
 * for somebody cancels it, then the server skips that part.
 */
export function beginOurs({ exchange, upstream }: SessionContext): void {
  for (const kind of ['parse', 'bind', 'execute', 'close'] as const) exchange.push(slot(kind, { swallow: true }))
  upstream.add(BEGIN)
}
