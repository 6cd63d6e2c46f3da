import type { FiredTrigger } from '../../workflows/holds/consequences.ts'
import type { TableChange } from './cascades.ts'
import type { SideLane } from './side-lane.ts'

/** The bits of pg_trigger.tgtype: src/include/catalog/pg_trigger.h. */
const BEFORE = 2
const INSTEAD = 64
const events: Readonly<Record<TableChange['kind'], number>> = { insert: 4, delete: 8, update: 16, truncate: 32 }

const states: Readonly<Record<string, FiredTrigger['enabled']>> = {
  A: 'always',
  O: 'origin',
  R: 'replica',
  D: 'disabled',
}

/** Those that people made; a foreign key's own are told with the foreign key. */
const TRIGGERS = `
  SELECT n.nspname AS "schema", c.relname AS "table", t.tgname AS "name", fn.nspname || '.' || f.proname AS "runs",
         t.tgtype::int AS "type", t.tgenabled AS "enabled",
         (SELECT json_agg(a.attname) FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr)) AS "columns"
    FROM pg_catalog.pg_trigger t
    JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace
   WHERE NOT t.tgisinternal AND (n.nspname, c.relname) IN
         (SELECT * FROM unnest($1::text[], $2::text[]))
   ORDER BY 1, 2, 3 LIMIT 200`

interface TriggerRow {
  readonly schema: string
  readonly table: string
  readonly name: string
  readonly runs: string
  readonly type: number
  readonly enabled: string
  readonly columns: readonly string[] | null
}

export async function triggersOf(changes: readonly TableChange[], lane: SideLane): Promise<readonly FiredTrigger[]> {
  if (changes.length === 0) return []
  const rows = await lane.ask<TriggerRow>(TRIGGERS, [
    changes.map(({ table }) => table.schema),
    changes.map(({ table }) => table.name),
  ])
  const fired = rows.flatMap((row) =>
    changes.filter((change) => firesOn(row, change)).map((change) => told(row, change)),
  )
  const once = new Map(fired.map((trigger) => [JSON.stringify([trigger.table, trigger.name, trigger.on]), trigger]))
  return [...once.values()]
}

function firesOn({ schema, table, type, columns }: TriggerRow, change: TableChange): boolean {
  if (schema !== change.table.schema || table !== change.table.name || (type & events[change.kind]) === 0) return false
  // UPDATE OF a, b: when one of them is named in SET.
  return change.kind !== 'update' || columns === null || columns.some((column) => change.columns.includes(column))
}

function told({ schema, table, name, runs, type, enabled }: TriggerRow, { kind }: TableChange): FiredTrigger {
  const timing = (type & INSTEAD) !== 0 ? 'instead' : (type & BEFORE) !== 0 ? 'before' : 'after'
  return { table: `${schema}.${table}`, name, runs, on: kind, timing, enabled: states[enabled] ?? 'always' }
}
