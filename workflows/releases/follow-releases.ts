import type { Config } from '../../config.ts'
import { ensureOpa, opaCacheFolder } from '../../policies/opa.ts'
import { type Follower, type FollowerOptions, startFollower } from './follower.ts'
import { answerPulls } from './pulls/answer-pulls.ts'
import { usesReleases } from './uses-releases.ts'

export interface FollowReleasesOptions extends Omit<FollowerOptions, 'config' | 'tools' | 'also'> {
  readonly config: Config
  /** The environment as the command line has it: where OPA is looked for. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * What a worker does about policies where they come from reviewed pull requests; null where they do not.
 * @throws ReleaseError not_configured
 */
export function followReleases({ env, ...options }: FollowReleasesOptions): Follower | null {
  const { config, log } = options
  if (!usesReleases(config)) return null
  if (config.releases.github.repository === undefined) {
    log.warn('no repository of policies is configured: what was verified before stays in force, or nothing runs')
    return null
  }
  const progress = (line: string): void => log.info(line)
  const opa = () => ensureOpa({ config: config.opa, env, cacheFolder: opaCacheFolder(env, config.data), progress })
  const tools = { opa, cacheFolder: `${config.data}/cache`, progress }
  return startFollower({ ...options, tools, also: [answerPulls] })
}
