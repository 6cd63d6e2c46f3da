import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { type Answer, type Asked, handlers, membership, Refusal, user } from './github-answers.ts'
import { gitHubDescription } from './github-description.ts'
import { GitHubRepository, type GitHubUser } from './github-model.ts'
import { People } from './github-people.ts'

/**
 * A stand-in for api.github.com. It keeps what people do there (github-people.ts), answers with the shapes that GitHub
 * recorded in its OpenAPI description, and holds every request and every answer of its own against that description.
 * It refuses what the real one refuses (401, 403, 404, 422, and both rate limits), reads carry ETags and answer 304, and
 * it can be told to be slow, wrong or hostile.
 */
export interface StandInGitHub extends AsyncDisposable {
  readonly url: string
  /** A repository on a branch `main` that is protected and has one commit with these files. */
  repository(name: string, files?: Readonly<Record<string, string>>): People
  remove(people: People): void
  readonly users: Map<string, GitHubUser>
  /** Tokens and whose they are; a token with an app's number may write check runs. */
  readonly tokens: Map<string, { readonly login: string; readonly app: number | null }>
  /** How many more calls are answered before the primary rate limit refuses. */
  limitCalls(remaining: number, resetAtSeconds?: number): void
  /** The next call meets the secondary limit and is told to wait. */
  limitNext(retryAfterSeconds: number): void
  /** Every answer comes so much later. */
  delay(ms: number): void
  /** Says something else than the truth, and is not held to the description; null: stops doing so. */
  misbehave(answer: ((method: string, path: string) => Answer | null) | null): void
  /** Every request, as method and path with its query. */
  readonly calls: string[]
  /** What of the requests or answers did not fit GitHub's description: empty at the end of every test. */
  readonly problems: string[]
}

interface Limits {
  remaining: number
  resetAt: number
  retryAfter: number | null
  delayMs: number
}

const API_VERSIONS = new Set(['2022-11-28'])

export async function startGitHub(): Promise<StandInGitHub> {
  const server = Fastify({ logger: false, bodyLimit: 4 * 1024 * 1024 })
  const limits: Limits = { remaining: 5_000, resetAt: 4_000_000_000, retryAfter: null, delayMs: 0 }
  const repositories: GitHubRepository[] = []
  let madeRepositories = 0
  const moved = new Map<string, GitHubRepository>()
  const users = new Map<string, GitHubUser>()
  let hostile: ((method: string, path: string) => Answer | null) | null = null
  const standIn: Omit<StandInGitHub, 'url' | typeof Symbol.asyncDispose> = {
    users,
    tokens: new Map(),
    calls: [],
    problems: [],
    repository(name, files = { 'README.md': 'policies' }) {
      const [owner = '', short = ''] = name.split('/')
      const repository = new GitHubRepository(700 + madeRepositories++, owner, short)
      repositories.push(repository)
      moved.set(name, repository)
      const people = new People(repository, users)
      const root = people.user('ana')
      const tree = repository.with(new Map(), files)
      const sha = repository.commit({ tree, parents: [], message: 'Begin', author: root, committer: root })
      repository.move('main', sha, root, 'branch_creation')
      repository.branches.set('main', { sha, protected: true })
      return people
    },
    remove: ({ repository }) => {
      repositories.splice(repositories.indexOf(repository), 1)
      for (const [name, one] of moved) if (one === repository) moved.delete(name)
    },
    limitCalls: (remaining, resetAtSeconds = 4_000_000_000) =>
      Object.assign(limits, { remaining, resetAt: resetAtSeconds }),
    limitNext: (seconds) => Object.assign(limits, { retryAfter: seconds }),
    delay: (ms) => Object.assign(limits, { delayMs: ms }),
    misbehave: (answer) => {
      hostile = answer
    },
  }

  const repositoryNamed = (owner: string, name: string): GitHubRepository => {
    const found = repositories.find((one) => one.owner === owner && one.name === name)
    if (found !== undefined) return found
    const elsewhere = moved.get(`${owner}/${name}`)
    if (elsewhere === undefined) throw new Refusal(404, 'Not Found')
    throw new Refusal(301, 'Moved Permanently', { location: String(elsewhere.id) })
  }

  const answer = (request: FastifyRequest, path: string): Answer => {
    const lying = hostile?.(request.method, path) ?? null
    if (lying !== null) return lying
    const description = gitHubDescription()
    const operation = description.find(request.method, path)
    if (operation === null) throw new Refusal(404, 'Not Found')
    const query = request.query as Record<string, string>
    const wrong = description.problemsOfRequest(operation.name, query, request.body)
    standIn.problems.push(...wrong.map((problem) => `request ${operation.name}: ${problem}`))
    if (wrong.length > 0) throw new Refusal(422, `Validation Failed: ${wrong.join('; ')}`)
    const asked = {
      operation,
      query,
      body: (request.body ?? {}) as Record<string, unknown>,
      users,
      ...viewerOf(request),
    }
    const made = answered(asked)
    const untrue = description.problemsOfAnswer(operation.name, made.status, made.body)
    standIn.problems.push(...untrue.map((problem) => `answer ${operation.name}: ${problem}`))
    return made
  }

  const viewerOf = (request: FastifyRequest): Pick<Asked, 'viewer' | 'app'> => {
    const token = /^(?:token|bearer) (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
    // An app's own JWT has three parts; it may ask who it is and for a token of its installation.
    if (token.split('.').length === 3) return { viewer: { id: 1, login: 'holdpoint[bot]', type: 'Bot' }, app: 11 }
    const owner = standIn.tokens.get(token)
    if (owner === undefined) throw new Refusal(401, 'Bad credentials')
    const anyone = new People(new GitHubRepository(0, '', ''), users)
    return { viewer: anyone.user(owner.login), app: owner.app }
  }

  const answered = (asked: Asked): Answer => {
    const { name, parameters } = asked.operation
    const { example } = gitHubDescription()
    if (name === 'GET /user') return { status: 200, body: { ...(example(name) as object), ...user(asked.viewer) } }
    if (name === 'GET /app') return { status: 200, body: { ...(example(name) as object), id: asked.app } }
    if (name === 'POST /app/installations/{installation_id}/access_tokens') {
      standIn.tokens.set('installed', { login: 'holdpoint[bot]', app: asked.app })
      const shape = example(name, 201) as object
      return { status: 201, body: { ...shape, token: 'installed', expires_at: '2099-01-01T00:00:00Z' } }
    }
    if (name === 'GET /orgs/{org}/teams/{team_slug}/memberships/{username}') {
      const of = repositories.find(({ owner }) => owner === parameters.org)
      if (of === undefined) throw new Refusal(404, 'Not Found')
      return membership(of, asked)
    }
    const handler = handlers[name]
    if (handler === undefined) throw new Refusal(404, `The stand-in does not know ${name}`)
    return handler(repositoryNamed(parameters.owner as string, parameters.repo as string), asked)
  }

  server.setErrorHandler((error, _request, reply) => refuse(error, reply))
  server.all('/*', async (request, reply) => {
    standIn.calls.push(`${request.method} ${request.url}`)
    if (limits.delayMs > 0) await wait(limits.delayMs)
    admit(request, reply, limits)
    const made = answer(request, pathOf(request, repositories))
    void reply.headers(made.headers ?? {})
    return request.method === 'GET' && made.status === 200
      ? conditional(request, reply, made.body)
      : reply.status(made.status).send(made.body)
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  return { ...standIn, url, [Symbol.asyncDispose]: () => server.close() }
}

/** GitHub sends who asks by an old name to the repository's number. */
function pathOf(request: FastifyRequest, repositories: readonly GitHubRepository[]): string {
  const path = request.url.split('?')[0] as string
  const numbered = /^\/repositories\/(\d+)(\/.*)?$/.exec(path)
  const found = repositories.find(({ id }) => id === Number(numbered?.[1]))
  return found === undefined ? path : `/repos/${found.owner}/${found.name}${numbered?.[2] ?? ''}`
}

function admit(request: FastifyRequest, reply: FastifyReply, limits: Limits): void {
  if (!request.headers['user-agent']) throw new Refusal(403, 'Request forbidden by administrative rules.')
  const version = request.headers['x-github-api-version']
  if (typeof version === 'string' && !API_VERSIONS.has(version))
    throw new Refusal(400, `Unsupported API version ${version}`)
  if (limits.retryAfter !== null) {
    const seconds = String(limits.retryAfter)
    limits.retryAfter = null
    throw new Refusal(429, 'You have exceeded a secondary rate limit.', { 'retry-after': seconds })
  }
  const left = {
    'x-ratelimit-remaining': String(Math.max(0, limits.remaining - 1)),
    'x-ratelimit-reset': String(limits.resetAt),
  }
  if (limits.remaining <= 0) throw new Refusal(403, 'API rate limit exceeded', left)
  limits.remaining--
  void reply.headers(left)
}

function refuse(error: unknown, reply: FastifyReply): FastifyReply {
  const known = error instanceof Refusal ? error : new Refusal(500, error instanceof Error ? error.message : 'Error')
  const { headers, message, status } = known
  const moved = status === 301 ? { location: movedTo(reply.request, headers.location as string) } : {}
  const body = { message, documentation_url: 'https://docs.github.com/rest', status: String(status) }
  return reply
    .status(status)
    .headers({ ...headers, ...moved })
    .send(body)
}

function movedTo(request: FastifyRequest, id: string): string {
  if (id.startsWith('/')) return id
  return request.url.replace(/^\/repos\/[^/]+\/[^/?]+/, `/repositories/${id}`)
}

/** A read that has not changed costs nothing and has no body; lists come in pages. */
function conditional(request: FastifyRequest, reply: FastifyReply, whole: unknown): FastifyReply {
  const body = Array.isArray(whole) ? pageOf(request, reply, whole) : whole
  const etag = `"${createHash('sha256').update(JSON.stringify(body)).digest('hex')}"`
  void reply.header('etag', etag)
  return request.headers['if-none-match'] === etag ? reply.status(304).send() : reply.send(body)
}

function pageOf(request: FastifyRequest, reply: FastifyReply, all: readonly unknown[]): readonly unknown[] {
  const query = request.query as Record<string, string>
  const size = Number(query.per_page ?? 30)
  // Activity has no numbered pages, only cursors.
  const cursors = request.url.split('?')[0]?.endsWith('/activity') === true
  const page = cursors ? Number((query.after ?? 'page1').replace('page', '')) : Number(query.page ?? 1)
  if (page * size < all.length) {
    const next = new URL(request.url, `http://${request.headers.host}`)
    next.searchParams.set(cursors ? 'after' : 'page', cursors ? `page${page + 1}` : String(page + 1))
    void reply.header('link', `<${next.href}>; rel="next"`)
  }
  return all.slice((page - 1) * size, page * size)
}
