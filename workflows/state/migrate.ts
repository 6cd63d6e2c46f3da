import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type pg from 'pg'
import { asStateError, StateError } from './errors.ts'

/**
 * Migrations: numbered .sql files, applied in order, each in a transaction of its own, by one process at a time. An
 * applied file is never edited: its checksum is kept, and a difference stops the start instead of being guessed about.
 */
export interface Migration {
  readonly name: string
  readonly sql: string
}

interface Applied {
  readonly name: string
  readonly checksum: string
}

/** Any number, as long as nothing else in the state database locks it. */
const LOCK = 7_406_514_920_013

/**
 * @returns the names applied now
 * @throws StateError migration_changed, migration_unknown, migration_failed, unreachable
 */
export async function migrate(
  pool: pg.Pool,
  migrations: readonly Migration[] = shippedMigrations(),
): Promise<readonly string[]> {
  const client = await pool.connect().catch((cause: unknown) => {
    throw asStateError(cause)
  })
  try {
    // Another process may be migrating for longer than a usual query may wait.
    await client.query('SET lock_timeout = 0; SET statement_timeout = 0')
    await client.query('SELECT pg_advisory_lock($1)', [LOCK])
    await client.query(
      'CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
    )
    const { rows } = await client.query<Applied>('SELECT name, checksum FROM migration ORDER BY name')
    const pending = pendingOf(migrations, rows)
    for (const migration of pending) await apply(client, migration)
    return pending.map(({ name }) => name)
  } catch (cause) {
    throw asStateError(cause)
  } finally {
    // Closing the connection frees the lock and the settings, whatever happened.
    client.release(true)
  }
}

export function shippedMigrations(): readonly Migration[] {
  const folder = new URL('./migrations/', import.meta.url)
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  return names.sort().map((name) => ({ name, sql: readFileSync(new URL(name, folder), 'utf8') }))
}

function pendingOf(migrations: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  const byName = new Map(migrations.map((migration) => [migration.name, migration]))
  for (const { name, checksum } of applied) {
    const migration = byName.get(name)
    if (migration === undefined) {
      throw new StateError('migration_unknown', `The state database was migrated by ${name}, which is not known here`, {
        hint: 'It was used by a newer Holdpoint: start that version',
      })
    }
    if (checksumOf(migration) !== checksum) {
      throw new StateError('migration_changed', `The migration ${name} was changed after it had been applied`, {
        hint: 'Restore the file and put the change into a new migration',
      })
    }
  }
  const done = new Set(applied.map(({ name }) => name))
  const pending = migrations.filter(({ name }) => !done.has(name))
  const late = pending.find(({ name }) => applied.some((other) => other.name > name))
  if (late === undefined) return pending
  throw new StateError('migration_changed', `The migration ${late.name} comes before one that was applied already`, {
    hint: 'Give it the next free number',
  })
}

async function apply(client: pg.PoolClient, migration: Migration): Promise<void> {
  try {
    await client.query('BEGIN')
    await client.query(migration.sql)
    await client.query('INSERT INTO migration (name, checksum) VALUES ($1, $2)', [
      migration.name,
      checksumOf(migration),
    ])
    await client.query('COMMIT')
  } catch (cause) {
    await client.query('ROLLBACK')
    throw new StateError('migration_failed', `The migration ${migration.name} failed and was rolled back`, { cause })
  }
}

/** Line endings are the checkout's, not the author's. */
function checksumOf({ sql }: Migration): string {
  return createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex')
}
