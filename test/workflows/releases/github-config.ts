import { loadConfig } from '../../../config.ts'
import type { GitHubConfig } from '../../../workflows/releases/github/client.ts'

/** What a follower of the stand-in's repository is configured with. */
export function gitHubConfig(apiUrl: string, changes: Partial<GitHubConfig> = {}): GitHubConfig {
  const { github } = loadConfig({}, { 'state.url': 'postgres://nowhere' }).releases
  return { ...github, repository: 'acme/policies', token: 'follower', apiUrl, ...changes }
}
