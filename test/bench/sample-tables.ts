import pg from 'pg'
import { connection } from './contestants.ts'
import { run } from './programs.ts'

export const WIDE_ROWS = 5_000
const COLUMNS = 20
/** Names that the default labels know, so that three of the twenty columns are masked. */
const LABELLED = ['email', 'phone', 'card']

/** What the benchmarks read, made at the database itself. */
export async function makeTables(pgbench: string | null, upstream: string, copyMegabytes: number): Promise<void> {
  if (pgbench !== null) {
    const { url, env } = connection(upstream)
    await run(pgbench, ['--initialize', '--scale=10', '--quiet', url], env)
  }
  const client = new pg.Client(upstream)
  await client.connect()
  try {
    await wideTable(client, 'bench_clear', [])
    await wideTable(client, 'bench_masked', LABELLED)
    await client.query('DROP TABLE IF EXISTS bench_small')
    await client.query('CREATE TABLE bench_small AS SELECT 1 AS bid, 0 AS bbalance')
    await copyTable(client, 'bench_copy_clear', 'bench_clear', copyMegabytes)
    await client.query('VACUUM ANALYZE')
  } finally {
    await client.end()
  }
}

async function wideTable(client: pg.Client, name: string, labelled: readonly string[]): Promise<void> {
  const plain = Array.from({ length: COLUMNS - labelled.length }, (_, index) => `field_${index + 1}`)
  const values = [
    ...plain.map((column, index) => `(n * ${index + 7919}) % 100000 AS ${column}`),
    ...labelled.map((column) => `${VALUES[column]} AS ${column}`),
  ]
  await client.query(`DROP TABLE IF EXISTS ${name}`)
  await client.query(`CREATE TABLE ${name} AS SELECT ${values.join(', ')} FROM generate_series(1, ${WIDE_ROWS}) AS n`)
}

const VALUES: Readonly<Record<string, string>> = {
  email: "'person.' || n || '@example.org'",
  phone: "'+49 30 ' || 1000000 + n",
  card: "'4111 1111 1111 ' || 1000 + n % 9000",
}

/** The same rows again and again, until their text is as large as was asked for. */
async function copyTable(client: pg.Client, name: string, from: string, megabytes: number): Promise<void> {
  const { rows } = await client.query<{ bytes: string }>(
    `SELECT sum(length(${from}::text)) - count(*) AS bytes FROM ${from}`, // without the parentheses, with the newline
  )
  const times = Math.ceil((megabytes * 1024 * 1024) / Number(rows[0]?.bytes))
  await client.query(`DROP TABLE IF EXISTS ${name}`)
  await client.query(`CREATE UNLOGGED TABLE ${name} AS SELECT ${from}.* FROM ${from}, generate_series(1, ${times})`)
}
