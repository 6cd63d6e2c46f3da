import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CompiledPolicy, compilePolicies } from '../../policies/compile.ts'
import { loadPolicy, type Policy } from '../../policies/evaluate.ts'
import { ensureOpa, opaCacheFolder } from '../../policies/opa.ts'

export const POLICIES = join(import.meta.dirname, '../../policies')
const cacheFolder = opaCacheFolder(process.env, tmpdir())

/** The pinned OPA, as `start` finds it: the first run on a machine may have to fetch or build it. */
export function opa(progress: (line: string) => void = () => undefined): Promise<string> {
  const path = process.env.HOLDPOINT_OPA
  return ensureOpa({
    config: {
      path: path !== undefined && existsSync(path) ? path : undefined,
      mirror: 'https://github.com/open-policy-agent/opa/releases/download',
    },
    env: process.env,
    cacheFolder,
    progress,
  })
}

/** The policies of this checkout, compiled once for all test runs of a user. */
export function defaultPolicies(progress: (line: string) => void = () => undefined): Promise<CompiledPolicy> {
  return compilePolicies({ path: POLICIES, opa: () => opa(progress), cacheFolder, progress })
}

export async function defaultPolicy(): Promise<Policy> {
  return loadPolicy(await defaultPolicies())
}
