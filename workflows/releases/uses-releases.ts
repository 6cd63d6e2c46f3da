import type { Config } from '../../config.ts'

/** Whether policies come from reviewed pull requests, and from nowhere else. Local files are for development. */
export function usesReleases({ mode, releases }: Pick<Config, 'mode' | 'releases'>): boolean {
  return mode === 'production' && releases.github.repository !== undefined
}
