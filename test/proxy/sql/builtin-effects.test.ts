import { expect, test } from 'vitest'
import { builtinEffect } from '../../../proxy/sql/builtin-effects.ts'
import { sample } from './sample.ts'

test('every volatile function of this server was reviewed', async () => {
  await using shop = await sample('SELECT 1')
  const { rows } = await shop.client.query<{ name: string; arguments: number }>(
    `SELECT proname AS name, pronargs AS arguments FROM pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v' AND prorettype <> 'trigger'::regtype
        AND NOT EXISTS (SELECT 1 FROM unnest(proargtypes) t WHERE t = 'internal'::regtype)
        AND prorettype NOT IN ('index_am_handler'::regtype, 'table_am_handler'::regtype, 'tsm_handler'::regtype,
                               'language_handler'::regtype)`,
  )
  const effects = new Map(rows.map(({ name, arguments: count }) => [name, builtinEffect(name, true, count)?.effect]))
  const unknown = [...effects].filter(([, effect]) => effect === 'unknown').map(([name]) => name)
  expect(unknown.sort()).toEqual([
    'currtid2',
    'cursor_to_xml',
    'cursor_to_xmlschema',
    'pg_get_aios',
    'pg_get_backend_memory_contexts',
    'pg_get_loaded_modules',
    'pg_get_shmem_allocations',
    'pg_get_shmem_allocations_numa',
    'pg_logical_slot_get_binary_changes',
    'pg_logical_slot_get_changes',
    'pg_logical_slot_peek_binary_changes',
    'pg_logical_slot_peek_changes',
    'pg_prepared_xact',
    'plpgsql_validator',
    'query_to_xml',
    'query_to_xml_and_xmlschema',
    'query_to_xmlschema',
    'ts_rewrite',
    'ts_stat',
  ])
})

test('no built-in operator stands for a function that does more than compute', async () => {
  await using shop = await sample('SELECT 1')
  const { rows } = await shop.client.query<{ name: string; volatility: string }>(
    `SELECT p.proname AS name, p.provolatile AS volatility FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode`,
  )
  const reaching = rows.filter(({ name, volatility }) => builtinEffect(name, volatility === 'v', 2) !== null)
  expect(reaching).toEqual([])
})

test('a volatile function that nobody looked at is unknown', () => {
  expect(builtinEffect('made_up', true, 0)).toEqual({ effect: 'unknown' })
  expect(builtinEffect('made_up', false, 0)).toBeNull()
})
