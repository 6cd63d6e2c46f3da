import { readFileSync } from 'node:fs'
import { inject, vi } from 'vitest'
import type { CompiledPolicy } from '../../../policies/compile.ts'
import { buildPolicy } from '../../../policies/toolchain.ts'
import { listJournals, trailFolder } from '../../../workflows/trail/journal-files.ts'
import { opa } from '../../policies/default-policy.ts'
import { policyFolder } from '../../policies/policy-folder.ts'
import type { DoorsStand } from '../doors/doors-stand.ts'

/** The default policies with some files otherwise, compiled. */
export async function policiesWith(files: Readonly<Record<string, string>>): Promise<CompiledPolicy> {
  using folder = policyFolder('default')
  for (const [file, text] of Object.entries(files)) folder.write(file, text)
  const tools = { opa: () => opa(), cacheFolder: inject('policyCache'), progress: () => undefined }
  return await buildPolicy(folder.path, tools)
}

/** What openDoorsStand needs to judge by releases; nobody follows a branch here. */
export const RELEASED = {
  mode: 'production',
  'releases.github.repository': 'acme/policies',
  'releases.github.token': 'none',
  'releases.github.apiUrl': 'http://127.0.0.1:1',
} as const

export interface Recorded {
  readonly event: string
  readonly body: Readonly<Record<string, unknown>>
}

/** All that the proxy has recorded so far, oldest first. */
export function recordsOf({ config }: Pick<DoorsStand, 'config'>): readonly Recorded[] {
  const files = [...listJournals(trailFolder(config.data))].filter(([journal]) => journal.startsWith('proxy'))
  const lines = files.flatMap(([, parts]) => parts.flatMap(({ path }) => readFileSync(path, 'utf8').split('\n')))
  // The last line may be half written.
  return lines.slice(0, -1).flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Recorded] : []))
}

/** Resolves when the proxy judges by this release. */
export async function judgedBy(
  stand: Pick<DoorsStand, 'config'>,
  { digest }: Pick<CompiledPolicy, 'digest'>,
): Promise<void> {
  const active = () => recordsOf(stand).findLast(({ event }) => event === 'release.activated')?.body.policy
  await vi.waitUntil(() => active() === digest, { timeout: 120_000, interval: 50 })
}
