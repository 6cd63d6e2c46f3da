import { HoldpointError } from '../../errors.ts'

export type ReleaseErrorCode =
  /** The section releases.github is only half filled in. */
  | 'not_configured'
  /** GitHub did not answer, or not in time. */
  | 'github_unreachable'
  /** GitHub refused: a token that does not work or may not do this. */
  | 'github_refused'
  /** GitHub said to come back later; `retryAt` says when. */
  | 'github_busy'
  /** GitHub answered something else than its API describes. */
  | 'github_nonsense'
  /** More than is looked at: commits, files, bytes. */
  | 'too_large'
  /** A tree that is not a folder of policies: links, submodules, names that lead elsewhere. */
  | 'tree_unusable'
  /** What the state database keeps of a release is not what was verified. */
  | 'release_damaged'
  /** There is no such release, request or pin, or it cannot be done to it now. */
  | 'not_possible'

/** A release that could not be looked at, built or activated. The one that is active stays. */
export class ReleaseError extends HoldpointError {
  readonly code: ReleaseErrorCode
  /** When to try again at the earliest, in ms since 1970; only with github_busy. */
  readonly retryAt: number | null
  /** Of GitHub's answer, where it gave one. */
  readonly status: number | null

  constructor(
    code: ReleaseErrorCode,
    message: string,
    options: ErrorOptions & { readonly hint?: string | undefined; readonly retryAt?: number } = {},
  ) {
    super(message, options)
    this.code = code
    this.retryAt = options.retryAt ?? null
    this.status = statusOf(options.cause)
  }
}

/** The HTTP status that what was thrown stands for; null: there was no answer. */
export function statusOf(cause: unknown): number | null {
  const status = (cause as { status?: unknown } | null | undefined)?.status
  return typeof status === 'number' ? status : null
}
