import { readFileSync } from 'node:fs'
import pg from 'pg'
import type { Config, TargetConfig } from '../../config.ts'
import { shippedMigrations } from '../state/migrate.ts'
import { type Check, type Finding, ok, reason, warning, wrong } from './check.ts'

const CONNECT_MS = 5_000

export const stateCheck =
  ({ state }: Pick<Config, 'state'>): Check =>
  async () => {
    const subject = 'state database'
    if (state.url === '') return wrong(subject, 'is not configured', 'Set state.url, or HOLDPOINT_STATE_URL')
    return connected({ connectionString: state.url }, async (client) => {
      const { rows } = await client.query<{ count: number }>(
        "SELECT CASE WHEN to_regclass('migration') IS NULL THEN 0 ELSE 1 END AS count",
      )
      if (rows[0]?.count === 0) return warning(subject, 'is empty', 'It is filled when worker, bot or proxy start')
      const applied = await client.query('SELECT name FROM migration')
      const pending = shippedMigrations().length - applied.rows.length
      if (pending > 0)
        return warning(subject, `lacks ${pending} migrations`, 'They are applied when worker, bot or proxy start')
      return ok(subject, `answers, ${applied.rows.length} migrations applied`)
    }).catch((error: unknown) => wrong(subject, reason(error), 'Check state.url and that the database is up'))
  }

interface TargetRow {
  readonly version: string
  readonly superuser: boolean
  readonly reach: string[]
  readonly encoding: string
}

/** The role that sessions get: the least it may be is what makes a mistake of ours small. */
const TARGET_SQL = `
  SELECT current_setting('server_version') AS version, rolsuper AS superuser,
         ARRAY(SELECT name FROM unnest(ARRAY['pg_read_server_files', 'pg_write_server_files',
           'pg_execute_server_program', 'pg_read_all_data', 'pg_write_all_data']) AS name
           WHERE pg_has_role(current_user, name, 'usage'))
         || CASE WHEN rolcreaterole THEN ARRAY['createrole'] ELSE '{}' END
         || CASE WHEN rolbypassrls THEN ARRAY['bypassrls'] ELSE '{}' END
         || CASE WHEN rolreplication THEN ARRAY['replication'] ELSE '{}' END AS reach,
         current_setting('server_encoding') AS encoding
  FROM pg_roles WHERE rolname = current_user`

export const targetCheck =
  (target: TargetConfig): Check =>
  async () => {
    const subject = `target ${target.name}`
    const { host, port, database, user, password } = target
    const ssl = tlsOf(target)
    return connected({ host, port, database, user, password: password ?? '', ssl }, async (client) => {
      const [row] = (await client.query<TargetRow>(TARGET_SQL)).rows
      return row === undefined
        ? wrong(subject, 'has no such role', 'Check the target’s user')
        : judged(subject, user, row)
    }).catch((error: unknown) =>
      wrong(subject, reason(error), 'Check host, port, user, password and tls of the target'),
    )
  }

function judged(subject: string, user: string, { version, superuser, reach, encoding }: TargetRow): Finding {
  if (encoding !== 'UTF8') return wrong(subject, `is encoded in ${encoding}`, 'Only databases in UTF8 can be protected')
  const grant = `Give ${user} only what its people need: GRANT on tables, nothing on the server`
  if (superuser) return wrong(subject, `PostgreSQL ${version}; ${user} is a superuser`, grant)
  if (reach.length > 0) return warning(subject, `PostgreSQL ${version}; ${user} has ${reach.join(', ')}`, grant)
  return ok(subject, `PostgreSQL ${version}; ${user} is an ordinary role`)
}

function tlsOf({ tls, ca }: TargetConfig): pg.ClientConfig['ssl'] {
  if (tls === 'disable') return false
  if (tls === 'require') return { rejectUnauthorized: false }
  return ca === undefined ? true : { ca: readFileSync(ca, 'utf8') }
}

async function connected(config: pg.ClientConfig, work: (client: pg.Client) => Promise<Finding>): Promise<Finding> {
  const client = new pg.Client({
    ...config,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
    application_name: 'holdpoint doctor',
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
