import { beforeAll, expect, test } from 'vitest'
import { type CompiledPolicy, policyDigest } from '../../../policies/compile.ts'
import { packPolicy } from '../../../policies/packed.ts'
import { loadRelease } from '../../../workflows/releases/load-release.ts'
import { asked, bot } from '../../policies/asked.ts'
import { defaultPolicies } from '../../policies/default-policy.ts'

/** Releases are loaded in a thread that is kept; each load by itself, whatever became of the one before. */
let compiled: CompiledPolicy
beforeAll(async () => {
  compiled = await defaultPolicies()
}, 120_000)

/** The same policy as other bytes, so that the engine has nothing of it yet. */
function release(number: number): { readonly bytes: Buffer; readonly digest: string } {
  const customSection = Buffer.from([0, 3, 1, 97, number])
  const other = { ...compiled, wasm: Buffer.concat([compiled.wasm, customSection]) }
  const digest = policyDigest(other)
  return { bytes: packPolicy({ ...other, digest }), digest }
}
const reading = asked({ kind: 'select', tag: 'SELECT', effects: ['read'], relations: [] }, bot)

test('releases are loaded one after the other, asked for at once or not, and decide as themselves', async () => {
  const releases = [1, 2, 3].map(release)
  const loaded = await Promise.all(releases.map(({ bytes, digest }) => loadRelease(bytes, digest)))
  expect(loaded.map(({ policy }) => policy.digest)).toEqual(releases.map(({ digest }) => digest))
  for (const { policy } of loaded) expect(policy.decide(reading).outcome).toBe('allow')
})

test('a release that is not what its digest says is refused, and the next one is loaded all the same', async () => {
  const [one, two] = [release(4), release(5)]
  await expect(loadRelease(one.bytes, two.digest)).rejects.toMatchObject({ code: 'module_unusable' })
  await expect(loadRelease(Buffer.from('nothing'), two.digest)).rejects.toMatchObject({ code: 'module_unusable' })
  const { policy } = await loadRelease(two.bytes, two.digest)
  expect(policy.digest).toBe(two.digest)
})

test('a module that does not compile fails as such, and the next one is loaded all the same', async () => {
  const other = { ...compiled, wasm: Buffer.from('no module') }
  const digest = policyDigest(other)
  await expect(loadRelease(packPolicy({ ...other, digest }), digest)).rejects.toMatchObject({ code: 'module_unusable' })
  const { bytes, digest: good } = release(6)
  expect((await loadRelease(bytes, good)).policy.digest).toBe(good)
})

test('a release that ends its thread fails, and the next one is loaded in another', async () => {
  const other = { ...compiled, data: Buffer.from('no data') }
  const digest = policyDigest(other)
  await expect(loadRelease(packPolicy({ ...other, digest }), digest)).rejects.toMatchObject({ code: 'module_unusable' })
  const { bytes, digest: good } = release(7)
  expect((await loadRelease(bytes, good)).policy.digest).toBe(good)
})
