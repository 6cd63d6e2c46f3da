import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { CompiledPolicy } from '../../policies/compile.ts'
import { packPolicy } from '../../policies/packed.ts'
import { keepRelease } from '../../workflows/releases/store.ts'
import { inTransaction } from '../../workflows/state/transaction.ts'

/** As the follower does once a commit was verified. @returns the commit */
export async function putInForce(pool: pg.Pool, compiled: CompiledPolicy): Promise<string> {
  const commit = createHash('sha1').update(compiled.digest).digest('hex')
  await inTransaction(pool, async (client) => {
    const about = { repository: 'acme/policies', repositoryId: 7, branch: 'main', folder: '', follows: null }
    const rest = { pulls: [], changes: [], files: {}, rules: null, answers: [] }
    await keepRelease(
      client,
      { commit, ...about, digest: compiled.digest, package: packPolicy(compiled), ...rest },
      new Date(),
    )
    await client.query('UPDATE followed_branch SET verified = $1, head = $1, repository = 7', [commit])
  })
  return commit
}
