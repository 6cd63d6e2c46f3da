import { ReleaseError, statusOf } from '../errors.ts'

/**
 * What a failed request means for whoever follows the branch.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export function translated(cause: unknown, request: string, now: number): ReleaseError {
  const status = statusOf(cause)
  const headers = (cause as { response?: { headers?: Record<string, string | undefined> } }).response?.headers ?? {}
  const after = Number(headers['retry-after'])
  const reset = headers['x-ratelimit-remaining'] === '0' ? Number(headers['x-ratelimit-reset']) * 1_000 : Number.NaN
  const limited = (status === 403 || status === 429) && (after > 0 || reset > 0 || status === 429)
  if (limited)
    return new ReleaseError('github_busy', 'GitHub asks to come back later: a rate limit is used up', {
      cause,
      retryAt: after > 0 ? now + after * 1_000 : Math.max(now + 1_000, reset || now + 60_000),
    })
  if (status === null || status >= 500)
    return new ReleaseError('github_unreachable', `GitHub does not answer ${request}`, { cause })
  if (isInstallation(cause))
    return new ReleaseError('github_refused', `GitHub gives the app no token (${status}): it is not installed there`, {
      cause,
      hint: 'Install the app again, or end its suspension; then check releases.github.installationId and privateKey',
    })
  return new ReleaseError('github_refused', `GitHub answers ${status} to ${request}`, {
    cause,
    hint: 'Check releases.github: the repository’s name, and what the app or the token may do',
  })
}

/** The app's own token is asked for on the way, when there is none or it has run out. */
function isInstallation(cause: unknown): boolean {
  const { url } = (cause as { request?: { url?: unknown } }).request ?? {}
  return typeof url === 'string' && url.endsWith('/access_tokens')
}
