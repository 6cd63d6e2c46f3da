import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type RunningHoldpoint, startHoldpoint } from '../harness/holdpoint.ts'
import { run } from '../harness/psql.ts'
import { SlackStandIn } from '../stand-ins/slack.ts'

/**
 * A secret that a statement holds reaches the database and the client who sent it, and nothing else: every statement
 * below carries a word of its own, and that word is looked for wherever Holdpoint writes, stores, shows or sends.
 */
const word = (index: number): string => `hunter${index}zq`

interface Sent {
  readonly sql: string
  readonly values?: readonly unknown[]
}

const sent: readonly Sent[] = [
  "ALTER ROLE shop PASSWORD '?'",
  'CREATE ROLE someone LOGIN ENCRYPTED PASSWORD $x$?$x$ -- password=?',
  "CREATE USER MAPPING FOR shop SERVER s OPTIONS (user 'shop', password '?')",
  "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'h', token '?')",
  "ALTER SERVER s OPTIONS (SET token '?')",
  "CREATE SUBSCRIPTION s CONNECTION 'host=h password=?' PUBLICATION p",
  "ALTER SUBSCRIPTION s CONNECTION 'host=h password=''?'''",
  "SELECT * FROM dblink('host=h password=?', 'SELECT 1') AS t (a int)",
  "SELECT dblink_connect('c', 'postgres://u:?@h/d')",
  "COPY orders TO PROGRAM 'curl -u bob:? https://h'",
  "COPY orders TO PROGRAM 'PGPASSWORD=? psql'",
  "COPY orders TO PROGRAM 'psql postgres://bob:?@h/d'",
  "SET app.api_token = '?'",
  'SET app.password TO ?',
  'ALTER ROLE shop SET app.password TO ?',
  "ALTER DATABASE shop SET app.dsn = 'password=?'",
  "ALTER SYSTEM SET primary_conninfo = 'user=u password=?'",
  "SELECT set_config('app.secret', '?', false)",
  "SELECT digest('?', 'sha256')",
  "DO $$BEGIN EXECUTE 'ALTER ROLE shop PASSWORD ''?'''; END$$",
  "ALTER ROLE shop PASSWORD '?' PASSWORD '?' oops",
  'ALTER ROLE shop PASSWORD ?',
  "ALTER ROLE shop PASWORD '?'",
  "ALTER ROLE shop PASSWORD '?",
  "SELECT 1; ALTER ROLE shop PASSWORD '?'",
  "PREPARE keyed AS SELECT set_config('app.secret', $1, false)",
  "EXECUTE keyed('?')",
  'SELECT 1 -- password=?',
  `SELECT '{"password": "?"}'::json`,
  { sql: "SELECT set_config('app.secret', $1, false)", values: ['?'] },
  { sql: 'SELECT digest($1, $2)', values: ['?', 'sha256'] },
  { sql: "ALTER ROLE shop PASSWORD '?'", values: [] },
  { sql: 'UPDATE orders SET status = hmac($1, status, $2)', values: ['?', 'sha256'] },
].map((each, index) => withWord(typeof each === 'string' ? { sql: each } : each, word(index)))

function withWord({ sql, values }: Sent, secret: string): Sent {
  const put = (value: unknown): unknown => (typeof value === 'string' ? value.replaceAll('?', secret) : value)
  return { sql: sql.replaceAll('?', secret), ...(values === undefined ? {} : { values: values.map(put) }) }
}

const CHANNEL = 'C0APPROVE1'
let slack: SlackStandIn
let holdpoint: RunningHoldpoint
let said = ''
let answers: readonly string[]
let after: readonly string[]

beforeAll(async () => {
  slack = await SlackStandIn.start()
  slack.addChannel(CHANNEL, 'approvals')
  holdpoint = await startHoldpoint({
    env: {
      HOLDPOINT_LOG_LEVEL: 'debug',
      HOLDPOINT_SLACK_BOT_TOKEN: slack.token,
      HOLDPOINT_SLACK_SIGNING_SECRET: slack.signingSecret,
      HOLDPOINT_SLACK_CHANNEL: CHANNEL,
      HOLDPOINT_SLACK_API_URL: slack.apiUrl,
    },
  })
  for (const stream of [holdpoint.child.stdout, holdpoint.child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
    })
  const owner = new pg.Client(holdpoint.ready.upstream)
  await owner.connect()
  await owner.query(`CREATE FUNCTION digest(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT md5($1)';
    CREATE FUNCTION hmac(text, text, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT md5($1)'`)
  await owner.end()
  const asked: string[] = []
  // Agents are told at once that approval is needed; people wait for it.
  for (const name of ['report-bot', 'cleo']) asked.push(...(await send(name)))
  answers = asked
  // One of them lives to its end: approved, and run by the server, which refuses it.
  const { holds } = await api<{ holds: readonly { id: string; tag: string; asker: { name: string } }[] }>('/holds')
  const role = holds.find(({ tag, asker }) => tag === 'CREATE ROLE' && asker.name === 'report-bot')
  await api(`/holds/${role?.id}/votes`, { choice: 'approve', reason: null })
  after = await send('report-bot')
}, 180_000)
afterAll(async () => {
  await holdpoint?.[Symbol.asyncDispose]()
  await slack?.close()
})

async function send(name: string): Promise<string[]> {
  const url = new URL(holdpoint.identity(name).postgres)
  url.searchParams.set('options', '-c holdpoint.on_hold=error')
  const client = new pg.Client(url.href)
  await client.connect()
  const answers: string[] = []
  for (const { sql, values } of sent)
    answers.push(
      await client.query(sql, values === undefined ? undefined : [...values]).then(
        () => 'done',
        ({ code }: pg.DatabaseError) => String(code),
      ),
    )
  await client.end()
  return answers
}

async function api<T>(path: string, body?: object): Promise<T> {
  const response = await fetch(`${holdpoint.ready.api}${path}`, {
    headers: {
      authorization: `Bearer ${holdpoint.identity('ben').token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  expect(response.ok).toBe(true)
  return (await response.json()) as T
}

/** The words found, which is none. */
const found = (text: string): readonly string[] => [...new Set(text.match(/hunter\d+zq/g) ?? [])]

/** Everything under the data folder but the databases themselves. */
function filesOf(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (path === join(holdpoint.data, 'postgres')) return []
    return statSync(path).isDirectory() ? filesOf(path) : [path]
  })
}

test('the statements were held, refused and run, so that there was something to write down', () => {
  expect([...new Set(answers)]).toEqual(expect.arrayContaining(['YH001', '42501', '42601', 'done']))
  expect(answers.filter((answer) => answer === 'YH001').length).toBeGreaterThan(4)
  expect([answers[1], after[1]]).toEqual(['YH001', '42501'])
})

describe('none of the secrets is', () => {
  test('in a file: journal, log, configuration', () => {
    for (const file of filesOf(holdpoint.data)) expect([file, found(readFileSync(file, 'latin1'))]).toEqual([file, []])
  })

  test('in what the processes say', () => {
    expect(found(said)).toEqual([])
  })

  test('in the state database: holds, outbox, queues, trail', async () => {
    const { state } = JSON.parse(readFileSync(join(holdpoint.data, 'config.json'), 'utf8')) as {
      state: { url: string }
    }
    const client = new pg.Client(state.url)
    await client.connect()
    const tables = await client.query<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
        WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
    )
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ all: string | null }>(
        `SELECT string_agg(t::text, E'\\n') AS all FROM ${name} t`,
      )
      expect([name, found(rows[0]?.all ?? '')]).toEqual([name, []])
    }
    const held = await client.query<{ count: string }>('SELECT count(*) FROM hold')
    expect(Number(held.rows[0]?.count)).toBeGreaterThan(4)
    await client.end()
  })

  test('shown by the console', async () => {
    const { holds } = await api<{ holds: readonly { id: string }[] }>('/holds')
    expect(holds.length).toBeGreaterThan(4)
    for (const { id } of holds) expect(found(JSON.stringify(await api(`/holds/${id}`)))).toEqual([])
    expect(found(JSON.stringify(holds))).toEqual([])
  })

  test('on a card in Slack', async () => {
    await vi.waitFor(() => expect(slack.messages(CHANNEL).length).toBeGreaterThan(4), { timeout: 20_000 })
    const cards = JSON.stringify(slack.messages(CHANNEL))
    expect(cards).toContain('CREATE ROLE')
    expect(found(cards)).toEqual([])
  })

  test('printed by explain', { timeout: 180_000 }, async () => {
    const file = join(holdpoint.data, 'config.json')
    const texts = sent.map(({ sql }) => sql).filter((sql) => !/oops|PASWORD| \w+zq$|'\w+zq$/.test(sql))
    for (const sql of [texts.join(';\n'), ...sent.map((each) => each.sql).filter((each) => !texts.includes(each))])
      for (const more of [[], ['--json']]) {
        const printed = await run(process.execPath, [
          'holdpoint.ts',
          'explain',
          '--config',
          file,
          '--as',
          'ana',
          ...more,
          sql,
        ])
        expect(printed).toMatchObject({ status: 0, stderr: '' })
        expect([sql, found(printed.stdout)]).toEqual([sql, []])
      }
  })
})
