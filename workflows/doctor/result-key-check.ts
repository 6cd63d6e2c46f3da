import { existsSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Config } from '../../config.ts'
import { createSeal, KEY_FILE, resultSecret } from '../results/seal.ts'
import { type Check, type Finding, ok, warning, wrong } from './check.ts'

/** By which keys what waits to be run or fetched is sealed. */
const SEALED = `
  SELECT key_id, count(*)::int AS sealed FROM (
    SELECT key_id FROM deferred_run WHERE key_id IS NOT NULL AND (state IN ('waiting', 'started') OR result IS NOT NULL)
    UNION ALL SELECT key_id FROM hold_example) AS kept GROUP BY key_id`

const SUBJECT = 'results’ key'
const HINT =
  'Give all proxies, the worker and the bot the same doors.resultKey; what another key sealed cannot be opened'

/** Whether this machine can open what others sealed: deferred statements, results, callbacks' secrets, example rows. */
export const resultKeyCheck =
  ({ mode, data, doors: { resultKey }, state }: Pick<Config, 'mode' | 'data' | 'doors' | 'state'>): Check =>
  async () => {
    const mine = resultKey !== undefined || existsSync(join(data, KEY_FILE)) ? keyId(resultKey, data) : null
    const foreign = state.url === '' ? 0 : await sealedByOthers(state.url, mine)
    if (foreign > 0)
      return wrong(SUBJECT, `does not open ${foreign} deferred statements, results or example rows`, HINT)
    return resultKey === undefined ? ofOneMachine(mode) : ok(SUBJECT, 'is set')
  }

function keyId(resultKey: string | undefined, data: string): string {
  return createSeal(resultSecret(resultKey, data)).keyId
}

function ofOneMachine(mode: Config['mode']): Finding {
  if (mode === 'development') return ok(SUBJECT, 'is kept in the data folder')
  return warning(SUBJECT, 'is kept in the data folder, for the processes of this machine only', HINT)
}

/** @returns 0 as well when nobody can be asked: the state database has a finding of its own */
async function sealedByOthers(url: string, mine: string | null): Promise<number> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ key_id: string; sealed: number }>(SEALED)
    return rows.filter(({ key_id: key }) => key !== mine).reduce((sum, { sealed }) => sum + sealed, 0)
  } catch {
    return 0
  } finally {
    await client.end().catch(() => undefined)
  }
}
