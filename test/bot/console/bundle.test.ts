import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bundlePages } from '../../../bot/console/bundle.ts'

const cache = mkdtempSync(join(tmpdir(), 'holdpoint-bundle-'))
afterAll(() => rmSync(cache, { recursive: true, force: true }))

test('the pages are built once for their content, by however many processes at a time', async () => {
  const [first, second] = await Promise.all([bundlePages(cache), bundlePages(cache)])
  const built = readdirSync(join(cache, 'console'))
  expect(built).toHaveLength(1)
  const before = statSync(join(cache, 'console', built[0] ?? '')).mtimeMs
  const third = await bundlePages(cache)
  expect(statSync(join(cache, 'console', built[0] ?? '')).mtimeMs).toBe(before)
  for (const bundle of [second, third]) {
    expect(bundle.script).toBe(first.script)
    expect(bundle.assets.get(bundle.script)?.body).toEqual(first.assets.get(first.script)?.body)
  }
})

test('the pages are one script and one style sheet, small and with nothing from elsewhere', async () => {
  const { assets } = await bundlePages(cache)
  expect(assets.size).toBe(2)
  for (const { body } of assets.values()) {
    expect(body.length).toBeLessThan(100_000)
    expect(body.toString()).not.toMatch(/https?:\/\/(?!www\.w3\.org)|@import|sourceMappingURL/)
  }
})
