import { createHash } from 'node:crypto'
import { createAppAuth } from '@octokit/auth-app'
import { retry } from '@octokit/plugin-retry'
import { throttling } from '@octokit/plugin-throttling'
import { Octokit } from '@octokit/rest'
import canonicalize from 'canonicalize'
import { z } from 'zod'
import type { Config } from '../../../config.ts'
import { ReleaseError } from '../errors.ts'
import { nextPage } from './next-page.ts'
import { translated } from './refused-answer.ts'

/**
 * One way to ask GitHub: as an app or with a token, one thing after the other where GitHub wants that, never longer than
 * the limits it states, and with every answer checked for its shape and, where it is evidence, kept with its SHA-256.
 */
export type GitHubConfig = Config['releases']['github']

export interface KeptAnswer {
  readonly request: string
  /** SHA-256 (hex) of the answer as canonical JSON (RFC 8785). */
  readonly sha256: string
  readonly body: string
}

export type Parameters = Readonly<Record<string, unknown>>

export interface GitHubClient {
  /** Our own app's number; null when asking with a token. */
  readonly app: number | null
  /** @throws ReleaseError */
  ask<T>(route: string, parameters: Parameters, shape: z.ZodType<T>): Promise<T>
  /** All pages of a list. @throws ReleaseError too_large beyond `max` */
  askAll<T>(route: string, parameters: Parameters, shape: z.ZodType<T>, max: number): Promise<readonly T[]>
  /** null where GitHub says that there is no such thing. */
  askIfAny<T>(route: string, parameters: Parameters, shape: z.ZodType<T>): Promise<T | null>
  /** `null` when nothing changed since the answer with this ETag; that costs nothing of the rate limit. */
  askIfChanged<T>(
    route: string,
    parameters: Parameters,
    shape: z.ZodType<T>,
    etag: string | null,
  ): Promise<{ readonly value: T; readonly etag: string | null } | null>
  /** The same client, whose answers are kept as evidence. */
  witnessed(kept: KeptAnswer[]): GitHubClient
}

export interface ClientOptions {
  readonly config: GitHubConfig
  readonly now: () => number
  /** How often a failed answer (5xx) is asked for again. */
  readonly retries?: number
}

const CALL_MS_MAX = 30_000
const PAGE = 100
/** Ten full ones are as much as is asked for; a server may give less at a time, but not without end. */
const PAGES_MAX = 50
const Throttled = Octokit.plugin(throttling, retry)
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** @throws ReleaseError not_configured */
export function createGitHubClient({ config, now, retries = 2 }: ClientOptions): GitHubClient {
  const octokit = new Throttled({
    ...credentials(config),
    baseUrl: config.apiUrl.replace(/\/$/, ''),
    userAgent: 'holdpoint',
    log: silent,
    request: {
      retries,
      fetch: (url: string, init: RequestInit) => fetch(url, { ...init, signal: AbortSignal.timeout(CALL_MS_MAX) }),
    },
    retry: { doNotRetry: [400, 401, 403, 404, 410, 422, 429, 451] },
    // Waiting is the follower's: it tells people why nothing happens, and other work goes on.
    throttle: { onRateLimit: () => false, onSecondaryRateLimit: () => false },
  })
  return new Client(octokit, config.appId === undefined ? null : Number(config.appId), now, null)
}

interface Answered<T> {
  readonly value: T
  readonly etag: string | null
  readonly link: string
}

class Client implements GitHubClient {
  readonly app: number | null
  readonly #octokit: InstanceType<typeof Throttled>
  readonly #now: () => number
  readonly #kept: KeptAnswer[] | null

  constructor(
    octokit: InstanceType<typeof Throttled>,
    app: number | null,
    now: () => number,
    kept: KeptAnswer[] | null,
  ) {
    this.#octokit = octokit
    this.app = app
    this.#now = now
    this.#kept = kept
  }

  witnessed(kept: KeptAnswer[]): GitHubClient {
    return new Client(this.#octokit, this.app, this.#now, kept)
  }

  async ask<T>(route: string, parameters: Parameters, shape: z.ZodType<T>): Promise<T> {
    return (await this.#answer(route, parameters, shape)).value
  }

  async askIfAny<T>(route: string, parameters: Parameters, shape: z.ZodType<T>): Promise<T | null> {
    try {
      return await this.ask(route, parameters, shape)
    } catch (error) {
      if (error instanceof ReleaseError && error.status === 404) return null
      throw error
    }
  }

  async askAll<T>(route: string, parameters: Parameters, shape: z.ZodType<T>, max: number): Promise<readonly T[]> {
    const all: T[] = []
    let next: Parameters | null = {}
    for (let pages = 0; all.length <= max && pages <= PAGES_MAX; pages++) {
      const paged = { ...parameters, per_page: PAGE, ...next }
      const answer: Answered<T[]> = await this.#answer(route, paged, z.array(shape))
      all.push(...answer.value)
      next = nextPage(answer.link)
      if (next === null) return all
    }
    throw new ReleaseError('too_large', `GitHub lists more than ${max} things for ${shown(route, parameters)}`)
  }

  async askIfChanged<T>(route: string, parameters: Parameters, shape: z.ZodType<T>, etag: string | null) {
    const headers = etag === null ? {} : { headers: { 'if-none-match': etag } }
    try {
      const { value, etag: newer } = await this.#answer(route, { ...parameters, ...headers }, shape)
      return { value, etag: newer }
    } catch (error) {
      if (error instanceof ReleaseError && error.status === 304) return null
      throw error
    }
  }

  async #answer<T>(route: string, parameters: Parameters, shape: z.ZodType<T>): Promise<Answered<T>> {
    const response = await this.#octokit.request(route, { ...parameters }).catch((cause: unknown) => {
      throw translated(cause, shown(route, parameters), this.#now())
    })
    const data: unknown = response.data
    const parsed = shape.safeParse(data)
    if (!parsed.success)
      throw new ReleaseError(
        'github_nonsense',
        `GitHub’s answer to ${shown(route, parameters)} is not what it should be`,
      )
    this.#keep(shown(route, parameters), data)
    const { etag, link } = response.headers
    return { value: parsed.data, etag: etag ?? null, link: link ?? '' }
  }

  #keep(request: string, data: unknown): void {
    if (this.#kept === null) return
    const body = canonicalize(data) ?? 'null'
    this.#kept.push({ request, sha256: createHash('sha256').update(body).digest('hex'), body })
  }
}

function credentials(config: GitHubConfig): object {
  const { token, appId, privateKey, installationId } = config
  if (token !== undefined) return { auth: token }
  if (appId === undefined || privateKey === undefined || installationId === undefined)
    throw new ReleaseError(
      'not_configured',
      'Releases from GitHub need a token, or an app’s id, key and installation.',
      {
        hint: 'Set releases.github.token, or appId, privateKey and installationId',
      },
    )
  return { authStrategy: createAppAuth, auth: { appId, privateKey, installationId } }
}

/** The route with its names filled in, as people read it; nothing secret is in a path. */
function shown(route: string, parameters: Parameters): string {
  return route.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(parameters[name] ?? ''))
}
