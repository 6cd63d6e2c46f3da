import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../../config.ts'
import { resultKeyCheck } from '../../workflows/doctor/result-key-check.ts'
import { settingsInForce } from '../../workflows/doctor/sources.ts'
import { createSeal, resultSecret } from '../../workflows/results/seal.ts'
import { openStage, request, type Stage } from './stage.ts'

const KEY = 'k'.repeat(40)
const data = mkdtempSync(join(tmpdir(), 'holdpoint-key-'))
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(async () => {
  await stage[Symbol.asyncDispose]()
  rmSync(data, { recursive: true })
})

const configOf = (more: Readonly<Record<string, unknown>>) => loadConfig({}, { data, 'state.url': stage.url, ...more })
const look = (more: Readonly<Record<string, unknown>> = {}) => resultKeyCheck(configOf(more))()

async function sealed(keyId: string): Promise<void> {
  const { id } = await stage.holds.create(request({ mode: 'defer' }))
  await stage.pool.query(
    "INSERT INTO deferred_run (hold, state, key_id, statement, created_at) VALUES ($1, 'waiting', $2, 'x', now())",
    [id, keyId],
  )
}

test('the doctor says that a key of one machine is for one machine', async () => {
  expect(await look()).toMatchObject({ state: 'warning', text: expect.stringContaining('this machine only') })
  expect(await look({ mode: 'development' })).toMatchObject({ state: 'ok' })
  expect(await look({ 'doors.resultKey': KEY })).toMatchObject({ state: 'ok', text: 'is set' })
})

test('the doctor counts what this machine’s key does not open', async () => {
  await sealed(createSeal(KEY).keyId)
  expect(await look({ 'doors.resultKey': KEY })).toMatchObject({ state: 'ok' })
  await sealed(createSeal(resultSecret(undefined, data)).keyId)
  for (const more of [{}, { 'doors.resultKey': KEY }])
    expect(await look(more)).toMatchObject({
      state: 'wrong',
      text: 'does not open 1 deferred statements, results or example rows',
    })
})

test('the key is a secret, and shown as one', () => {
  const config = configOf({ 'doors.resultKey': KEY })
  const shown = settingsInForce(config, { env: {}, overrides: {}, file: undefined })
  expect(shown.find(({ path }) => path === 'doors.resultKey')?.shown).toBe('(set, not shown)')
  expect(JSON.stringify(shown)).not.toContain(KEY)
})
