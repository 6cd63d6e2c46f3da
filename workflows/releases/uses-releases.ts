import type { Config } from '../../config.ts'

/** Whether policies come from reviewed pull requests, and from nowhere else. Local files are for development only. */
export function usesReleases({ mode }: Pick<Config, 'mode'>): boolean {
  return mode === 'production'
}
