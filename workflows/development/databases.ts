import { readFileSync } from 'node:fs'
import pg from 'pg'
import type { Secrets } from './data-folder.ts'
import type { Postgres } from './postgres.ts'
import type { Progress } from './progress.ts'
import { SAMPLE_TABLES, sampleRows } from './sample-rows.ts'

/** The two databases of a development tree and the roles that own them. */
export interface Databases {
  /** State: holds, directory, trail. */
  readonly stateUrl: string
  /** The sample itself, not through the proxy. */
  readonly shopUrl: string
}

/** Makes what is missing and leaves what is there: each step may have been the last one before a kill. */
export async function prepareDatabases(postgres: Postgres, secrets: Secrets, progress: Progress): Promise<Databases> {
  await connected(postgres.url('postgres'), async (admin) => {
    for (const name of ['holdpoint', 'shop'] as const) await ownDatabase(admin, name, secrets[name])
  })
  const shopUrl = postgres.url('shop', { name: 'shop', password: secrets.shop })
  await connected(shopUrl, (client) => fillShop(client, progress))
  return { stateUrl: postgres.url('holdpoint', { name: 'holdpoint', password: secrets.holdpoint }), shopUrl }
}

/** No role here is a superuser, and neither reaches the other's database. */
async function ownDatabase(admin: pg.Client, name: string, password: string): Promise<void> {
  const { rows } = await admin.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name])
  const verb = rows.length === 0 ? 'CREATE' : 'ALTER'
  await admin.query(`${verb} ROLE ${name} LOGIN NOSUPERUSER PASSWORD ${admin.escapeLiteral(password)}`)
  const found = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
  if (found.rows.length === 0) await admin.query(`CREATE DATABASE ${name} OWNER ${name}`)
  await admin.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`)
}

async function fillShop(client: pg.Client, progress: Progress): Promise<void> {
  // A dropped table of the sample is a person's doing; only a database without any of it is new.
  const { rows } = await client.query("SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace LIMIT 1")
  if (rows.length > 0) return
  progress('filling the sample database')
  const sample = sampleRows()
  await client.query('BEGIN')
  await client.query(readFileSync(new URL('sample-schema.sql', import.meta.url), 'utf8'))
  for (const table of SAMPLE_TABLES) {
    await client.query(`INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1)`, [
      JSON.stringify(sample[table]),
    ])
    if (table !== 'order_items')
      await client.query(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), ${sample[table].length})`)
  }
  await client.query('COMMIT')
  await client.query('ANALYZE')
}

async function connected(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
