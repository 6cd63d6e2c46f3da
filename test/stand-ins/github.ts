import { createHash } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'

/**
 * A stand-in for api.github.com that refuses what the real one refuses: no or unknown token (401), a token without the
 * permission (403), what a token may not see (404, as GitHub hides it), a body that does not fit (422), too many calls
 * (403 with x-ratelimit-remaining 0, or 429 with retry-after). Reads carry ETags and answer 304 for free.
 *
 * Shapes follow https://docs.github.com/en/rest (version 2022-11-28); only what Holdpoint asks for is here.
 */
export interface GitHubUser {
  readonly login: string
  readonly type: 'User' | 'Bot'
}

export interface GitHubReview {
  readonly user: GitHubUser
  readonly state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED'
  readonly commit_id: string
  readonly submitted_at: string
}

export interface GitHubPull {
  readonly number: number
  readonly title: string
  readonly user: GitHubUser
  readonly head: { readonly sha: string; readonly ref: string }
  readonly base: { readonly sha: string; readonly ref: string }
  readonly merged: boolean
  readonly merge_commit_sha: string | null
  readonly reviews: readonly GitHubReview[]
}

export interface GitHubRepository {
  readonly owner: string
  readonly name: string
  readonly branches: Record<string, { sha: string; protected: boolean }>
  readonly pulls: Map<number, GitHubPull>
  readonly comments: { readonly issue: number; readonly body: string }[]
}

type Permission = 'contents:read' | 'pull_requests:read' | 'pull_requests:write'

export interface StandInGitHub extends AsyncDisposable {
  readonly url: string
  readonly repositories: GitHubRepository[]
  /** Tokens and what each may do. */
  readonly tokens: Map<string, ReadonlySet<Permission>>
  /** How many more calls are answered before the primary rate limit refuses. */
  limitCalls(remaining: number): void
  /** The next call meets the secondary limit and is told to wait. */
  limitNext(retryAfterSeconds: number): void
  readonly calls: string[]
}

interface Limits {
  remaining: number
  retryAfter: number | null
}

const API_VERSION = '2022-11-28'
const COMMENT_CHARS_MAX = 65_536

class Refusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

export async function startGitHub(): Promise<StandInGitHub> {
  const server = Fastify({ logger: false })
  const limits: Limits = { remaining: 5_000, retryAfter: null }
  const standIn = {
    repositories: [] as GitHubRepository[],
    tokens: new Map<string, ReadonlySet<Permission>>(),
    calls: [] as string[],
    limitCalls: (remaining: number) => {
      limits.remaining = remaining
    },
    limitNext: (seconds: number) => {
      limits.retryAfter = seconds
    },
  }
  server.addHook('onRequest', async (request, reply) => admit(request, reply, standIn, limits))
  server.setErrorHandler((error, _request, reply) => refuse(error, reply))
  server.setNotFoundHandler((_request, reply) => refuse(new Refusal(404, 'Not Found'), reply))
  routes(server, standIn)
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  return { ...standIn, url, [Symbol.asyncDispose]: () => server.close() }
}

type State = Pick<StandInGitHub, 'repositories' | 'tokens' | 'calls'>

function admit(request: FastifyRequest, reply: FastifyReply, state: State, limits: Limits): void {
  state.calls.push(`${request.method} ${request.url}`)
  if (!request.headers['user-agent']) throw new Refusal(403, 'Request forbidden by administrative rules.')
  const version = request.headers['x-github-api-version']
  if (version !== undefined && version !== API_VERSION) throw new Refusal(400, `Unsupported API version ${version}`)
  if (limits.retryAfter !== null) {
    const seconds = String(limits.retryAfter)
    limits.retryAfter = null
    throw new Refusal(429, 'You have exceeded a secondary rate limit.', { 'retry-after': seconds })
  }
  if (limits.remaining <= 0) throw new Refusal(403, 'API rate limit exceeded', { 'x-ratelimit-remaining': '0' })
  limits.remaining--
  void reply.header('x-ratelimit-remaining', String(limits.remaining))
  if (tokenOf(request) === null || !state.tokens.has(tokenOf(request) as string))
    throw new Refusal(401, 'Bad credentials')
}

function tokenOf(request: FastifyRequest): string | null {
  return /^(?:token|bearer) (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null
}

function refuse(error: unknown, reply: FastifyReply): FastifyReply {
  const known = error instanceof Refusal ? error : new Refusal(422, 'Validation Failed')
  const body = {
    message: known.message,
    documentation_url: 'https://docs.github.com/rest',
    status: String(known.status),
  }
  return reply.status(known.status).headers(known.headers).send(body)
}

interface RepositoryRoute {
  Params: { owner: string; repo: string; number: string; branch: string }
}

function routes(server: FastifyInstance, state: State): void {
  const repositoryOf = (request: FastifyRequest<RepositoryRoute>, needs: Permission): GitHubRepository => {
    const found = state.repositories.find(
      ({ owner, name }) => owner === request.params.owner && name === request.params.repo,
    )
    if (!found) throw new Refusal(404, 'Not Found')
    const granted = state.tokens.get(tokenOf(request) ?? '')
    if (!granted?.has(needs)) throw new Refusal(403, 'Resource not accessible by integration')
    return found
  }
  const pullOf = (request: FastifyRequest<RepositoryRoute>): GitHubPull => {
    const pull = repositoryOf(request, 'pull_requests:read').pulls.get(Number(request.params.number))
    if (!pull) throw new Refusal(404, 'Not Found')
    return pull
  }

  server.get<RepositoryRoute>('/repos/:owner/:repo/branches/:branch', (request, reply) => {
    const branch = repositoryOf(request, 'contents:read').branches[request.params.branch]
    if (!branch) throw new Refusal(404, 'Branch not found')
    return conditional(request, reply, {
      name: request.params.branch,
      commit: { sha: branch.sha },
      protected: branch.protected,
    })
  })
  server.get<RepositoryRoute>('/repos/:owner/:repo/pulls/:number', (request, reply) => {
    const { reviews: _, ...pull } = pullOf(request)
    return conditional(request, reply, pull)
  })
  server.get<RepositoryRoute>('/repos/:owner/:repo/pulls/:number/reviews', (request, reply) =>
    conditional(
      request,
      reply,
      pullOf(request).reviews.map((review, index) => ({ id: index + 1, ...review })),
    ),
  )
  server.post<RepositoryRoute & { Body: unknown }>('/repos/:owner/:repo/issues/:number/comments', (request, reply) => {
    const repository = repositoryOf(request, 'pull_requests:write')
    const { body } = (request.body ?? {}) as { body?: unknown }
    if (typeof body !== 'string' || body.trim() === '') throw new Refusal(422, 'Validation Failed')
    if (body.length > COMMENT_CHARS_MAX) throw new Refusal(422, 'Validation Failed: body is too long')
    const issue = Number(request.params.number)
    if (!repository.pulls.has(issue)) throw new Refusal(404, 'Not Found')
    repository.comments.push({ issue, body })
    return reply.status(201).send({ id: repository.comments.length, body })
  })
}

/** A read that has not changed costs nothing and has no body, as on GitHub. */
function conditional(request: FastifyRequest, reply: FastifyReply, body: object): FastifyReply {
  const etag = `"${createHash('sha256').update(JSON.stringify(body)).digest('hex')}"`
  void reply.header('etag', etag)
  return request.headers['if-none-match'] === etag ? reply.status(304).send() : reply.send(body)
}
