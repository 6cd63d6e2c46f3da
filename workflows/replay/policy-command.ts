import type { Command } from 'commander'
import type { Pool } from 'pg'
import type { CommonOptions } from '../../command-line.ts'
import { type PolicyCommandOptions, policyCommand, toolchainOf } from '../../policies/command.ts'
import { testPolicy } from '../../policies/test-policies.ts'
import { buildPolicy } from '../../policies/toolchain.ts'
import { policyInForce } from '../releases/policy-in-force.ts'
import { usesReleases } from '../releases/uses-releases.ts'
import { openState } from '../state/state.ts'
import { replayCommand } from './replay-command.ts'

/** `holdpoint policy`, with the one part of it that looks at what was recorded. */
export function wholePolicyCommand(options: PolicyCommandOptions & { readonly now: () => number }): Command {
  const { env, configOf, now } = options
  const build = (path: string | null, common: CommonOptions) => {
    const config = configOf(common)
    return buildPolicy(path ?? config.policies.path, toolchainOf(config, env))
  }
  const openPool = (common: CommonOptions) => {
    const { state } = configOf(common)
    return state.url === '' ? null : openState(state.url)
  }
  const active = (common: CommonOptions, pool: Pool | null) =>
    usesReleases(configOf(common)) && pool !== null ? policyInForce(pool, now()) : build(null, common)
  const tests = (path: string | null, common: CommonOptions) => {
    const config = configOf(common)
    return testPolicy(path ?? config.policies.path, toolchainOf(config, env))
  }
  return policyCommand(options).addCommand(replayCommand({ build, active, tests, openPool, now }))
}
