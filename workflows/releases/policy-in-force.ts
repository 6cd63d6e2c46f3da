import type pg from 'pg'
import type { CompiledPolicy } from '../../policies/compile.ts'
import { unpackPolicy } from '../../policies/packed.ts'
import { ReleaseError } from './errors.ts'
import { packageOf, releaseInForce } from './store.ts'

/**
 * The release in force as every proxy runs it, a pinned one too, without building anything.
 * @throws ReleaseError not_possible when nothing was ever verified; PolicyError module_unusable
 */
export async function policyInForce(pool: pg.Pool, at: number): Promise<CompiledPolicy> {
  const release = await releaseInForce(pool, new Date(at))
  const bytes = release === null ? null : await packageOf(pool, release.commit)
  if (release === null || bytes === null)
    throw new ReleaseError('not_possible', 'No release has been verified yet, so there is no policy in force.', {
      hint: 'Name a folder with --against',
    })
  return unpackPolicy(bytes, release.digest)
}
