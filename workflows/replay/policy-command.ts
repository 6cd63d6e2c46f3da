import type { Command } from 'commander'
import type { CommonOptions } from '../../command-line.ts'
import { type PolicyCommandOptions, policyCommand, toolchainOf } from '../../policies/command.ts'
import { buildPolicy } from '../../policies/toolchain.ts'
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
  const active = (common: CommonOptions) => build(null, common)
  return policyCommand(options).addCommand(replayCommand({ build, active, openPool, now }))
}
