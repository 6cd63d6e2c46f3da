import { type FoundOperation, gitHubDescription } from './github-description.ts'
import type { CheckRun, Comment, Commit, GitHubRepository, GitHubUser, Pull } from './github-model.ts'
import { People } from './github-people.ts'

/** Refused, with the status and words that GitHub has for it. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

type Json = Record<string, unknown>
export interface Asked {
  readonly operation: FoundOperation
  readonly query: Readonly<Record<string, string>>
  readonly body: Json
  /** Who asks, by token. */
  readonly viewer: GitHubUser
  readonly users: ReadonlyMap<string, GitHubUser>
  readonly app: number | null
}
export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const example = (name: string, status?: number): Json => gitHubDescription().example(name, status) as Json
const first = (name: string): Json => (gitHubDescription().example(name) as Json[])[0] as Json
const REPO = '/repos/{owner}/{repo}'

export const user = ({ id, login, type }: GitHubUser): Json => ({
  ...(first(`GET ${REPO}/pulls/{pull_number}/reviews`).user as Json),
  id,
  login,
  type,
})

function pullOf(repository: GitHubRepository, pull: Pull): Json {
  const whole = example(`GET ${REPO}/pulls/{pull_number}`)
  const side = (name: 'head' | 'base') => {
    const shape = whole[name] as Json
    const fork = name === 'head' && !pull.sameRepository
    const id = fork ? repository.id + 1_000_000 : repository.id
    return {
      ...shape,
      ...pull[name],
      label: pull[name].ref,
      repo: { ...(shape.repo as Json), id, name: repository.name, fork },
    }
  }
  return {
    ...whole,
    number: pull.number,
    title: pull.title,
    state: pull.merged === null ? 'open' : 'closed',
    user: user(pull.author),
    head: side('head'),
    base: side('base'),
    draft: false,
    requested_teams: [],
    merged: pull.merged !== null,
    merged_at: pull.merged?.at ?? null,
    merged_by: pull.merged === null ? null : user(pull.merged.by),
    merge_commit_sha: pull.merged?.sha ?? null,
    commits: repository.between(pull.base.sha, pull.head.sha).length,
  }
}

function gitCommit({ sha, tree, parents, message, email, at }: Commit): Json {
  const shape = example(`GET ${REPO}/git/commits/{commit_sha}`)
  const parent = (shape.parents as Json[])[0]
  const signed = { name: 'Somebody', email, date: at }
  const ours = {
    sha,
    message,
    author: signed,
    committer: signed,
    parents: parents.map((one) => ({ ...parent, sha: one })),
  }
  return { ...shape, ...ours, tree: { ...(shape.tree as Json), sha: tree } }
}

function listedCommit(commit: Commit): Json {
  const shape = first(`GET ${REPO}/pulls/{pull_number}/commits`)
  const { sha, message, email, at, author, committer, parents } = commit
  const signed = { name: 'Somebody', email, date: at }
  return {
    ...shape,
    sha,
    commit: { ...(shape.commit as Json), message, author: signed, committer: signed },
    author: author && user(author),
    committer: committer && user(committer),
    parents: parents.map((one) => ({ ...((shape.parents as Json[])[0] as Json), sha: one })),
  }
}

const commentOf = ({ id, body, user: by, app }: Comment): Json => ({
  ...first(`GET ${REPO}/issues/{issue_number}/comments`),
  id,
  body,
  user: user(by),
  performed_via_github_app: app === null ? null : { ...example('GET /app'), id: app },
})

const checkOf = (check: CheckRun): Json => ({
  ...example(`POST ${REPO}/check-runs`, 201),
  ...check,
  output: { ...(example(`POST ${REPO}/check-runs`, 201).output as Json), ...check.output },
})

type Handler = (repository: GitHubRepository, asked: Asked) => Answer
const ok = (body: unknown): Answer => ({ status: 200, body })
const found = <T>(value: T | undefined, what = 'Not Found'): T => {
  if (value === undefined) throw new Refusal(404, what)
  return value
}
const pullIn = (repository: GitHubRepository, { operation }: Asked): Pull =>
  found(repository.pulls.get(Number(operation.parameters.pull_number ?? operation.parameters.issue_number)))
const people = (repository: GitHubRepository): People => new People(repository, new Map())

/** By GitHub's own name of the operation. */
export const handlers: Readonly<Record<string, Handler>> = {
  [`GET ${REPO}`]: (repository) => {
    const { source: _, parent: __, template_repository: ___, ...shape } = example(`GET ${REPO}`)
    const names = {
      id: repository.id,
      name: repository.name,
      full_name: `${repository.owner}/${repository.name}`,
      archived: repository.archived,
    }
    return ok({ ...shape, language: null, ...names, owner: { ...(shape.owner as Json), login: repository.owner } })
  },
  [`GET ${REPO}/branches/{branch}`]: (repository, { operation }) => {
    const name = operation.parameters.branch as string
    const renamed = repository.branches.has(name) ? undefined : repository.renamed.get(name)
    if (renamed !== undefined)
      throw new Refusal(301, 'Moved Permanently', { location: `/repositories/${repository.id}/branches/${renamed}` })
    const branch = found(repository.branches.get(name), 'Branch not found')
    const shape = example(`GET ${REPO}/branches/{branch}`)
    return ok({ ...shape, name, protected: branch.protected, commit: { ...(shape.commit as Json), sha: branch.sha } })
  },
  [`GET ${REPO}/git/commits/{commit_sha}`]: (repository, { operation }) =>
    ok(gitCommit(found(repository.commits.get(operation.parameters.commit_sha as string)))),
  [`GET ${REPO}/commits/{commit_sha}/pulls`]: (repository, { operation }) => {
    const numbers = [...(repository.broughtBy.get(operation.parameters.commit_sha as string) ?? [])]
    const shape = first(`GET ${REPO}/commits/{commit_sha}/pulls`)
    return ok(
      numbers.map((number) => ({
        ...shape,
        ...pullOf(repository, found(repository.pulls.get(number))),
        requested_teams: [],
      })),
    )
  },
  [`GET ${REPO}/pulls`]: (repository, { query }) => {
    const open = [...repository.pulls.values()].filter(({ merged, base }) => merged === null && base.ref === query.base)
    return ok(open.map((pull) => pullOf(repository, pull)))
  },
  [`POST ${REPO}/pulls`]: (repository, { body, viewer }) => {
    const { head, base, title } = body as { head: string; base: string; title: string }
    found(repository.branches.get(head))
    const number = people(repository).open(viewer.login, { head, base, title })
    const pull = found(repository.pulls.get(number))
    repository.pulls.set(number, { ...pull, author: viewer })
    return { status: 201, body: pullOf(repository, found(repository.pulls.get(number))) }
  },
  [`GET ${REPO}/pulls/{pull_number}`]: (repository, asked) => ok(pullOf(repository, pullIn(repository, asked))),
  [`GET ${REPO}/pulls/{pull_number}/reviews`]: (repository, asked) => {
    const shape = first(`GET ${REPO}/pulls/{pull_number}/reviews`)
    const { reviews } = pullIn(repository, asked)
    return ok(
      reviews.map(({ id, state, commit, at, user: by }) => ({
        ...shape,
        id,
        state,
        commit_id: commit,
        submitted_at: at,
        user: user(by),
      })),
    )
  },
  [`GET ${REPO}/pulls/{pull_number}/commits`]: (repository, asked) => {
    const { base, head } = pullIn(repository, asked)
    return ok(repository.between(base.sha, head.sha).slice(0, COMMITS_LISTED_MAX).map(listedCommit))
  },
  [`GET ${REPO}/collaborators/{username}/permission`]: (repository, { operation, users }) => {
    const login = operation.parameters.username as string
    const { id } = found(users.get(login))
    const permission = repository.permissions.get(login) ?? 'none'
    const shape = example(`GET ${REPO}/collaborators/{username}/permission`)
    const one = { ...(shape.user as Json), id, login, role_name: permission, type: 'User' }
    return ok({ permission, role_name: permission, user: one })
  },
  [`GET ${REPO}/activity`]: (repository, { query }) => {
    const { timestamp: _, ...shape } = { timestamp: '', ...first(`GET ${REPO}/activity`) }
    const { pusher: __, pushed_at: ___, push_type: ____, ...rest } = shape as Json
    const listed = repository.activities.filter(({ ref }) => query.ref === undefined || ref === query.ref)
    return ok(
      listed.map(({ ref, before, after, activity_type, at, actor }, index) => ({
        ...rest,
        ...{ id: index + 1, ref, before, after, activity_type, timestamp: at, actor: user(actor) },
      })),
    )
  },
  [`GET ${REPO}/git/trees/{tree_sha}`]: (repository, { operation, query }) => {
    const sha = operation.parameters.tree_sha as string
    const whole = found(repository.trees.get(sha))
    const tree = query.recursive === undefined ? repository.oneLevel(whole) : whole
    const entries = [...tree].map(([path, { mode, type, sha: of, size }]) => ({
      path,
      mode,
      type,
      sha: of,
      size,
      url: 'u',
    }))
    return ok({ ...example(`GET ${REPO}/git/trees/{tree_sha}`), sha, truncated: false, tree: entries })
  },
  [`GET ${REPO}/git/blobs/{file_sha}`]: (repository, { operation }) => {
    const sha = operation.parameters.file_sha as string
    const bytes = found(repository.blobs.get(sha))
    const content = bytes.toString('base64').replaceAll(/.{60}/g, '$&\n')
    return ok({ ...example(`GET ${REPO}/git/blobs/{file_sha}`), sha, size: bytes.length, encoding: 'base64', content })
  },
  [`GET ${REPO}/compare/{basehead}`]: (repository, { operation }) => {
    const [base = '', head = ''] = (operation.parameters.basehead as string)
      .split('...')
      .map((name) => repository.branches.get(name)?.sha ?? name)
    for (const one of [base, head]) found(repository.commits.get(one))
    const mergeBase = repository.mergeBase(base, head)
    const shape = example(`GET ${REPO}/compare/{basehead}`)
    const [ahead, behind] = [repository.between(base, head).length, repository.between(head, base).length]
    const status = ahead > 0 ? (behind > 0 ? 'diverged' : 'ahead') : behind > 0 ? 'behind' : 'identical'
    const commit = (sha: string): Json => ({ ...listedCommit(found(repository.commits.get(sha))) })
    const ours = { status, ahead_by: ahead, behind_by: behind, total_commits: ahead, commits: [], files: [] }
    return ok({ ...shape, ...ours, base_commit: commit(base), merge_base_commit: commit(mergeBase) })
  },
  [`GET ${REPO}/issues/{issue_number}/events`]: (repository, asked) => {
    const shape = first(`GET ${REPO}/issues/{issue_number}/events`)
    const events = pullIn(repository, asked).events
    return ok(
      events.map(({ event, at, actor }, index) => ({
        ...shape,
        id: index + 1,
        event,
        created_at: at,
        actor: user(actor),
      })),
    )
  },
  [`GET ${REPO}/issues/{issue_number}/comments`]: (repository, asked) => {
    const { number } = pullIn(repository, asked)
    return ok(repository.comments.filter(({ issue }) => issue === number).map(commentOf))
  },
  [`POST ${REPO}/issues/{issue_number}/comments`]: (repository, asked) => {
    const comment = {
      id: repository.comments.length + 1,
      issue: pullIn(repository, asked).number,
      body: textOf(asked),
      user: asked.viewer,
      app: asked.app,
    }
    repository.comments.push(comment)
    return { status: 201, body: commentOf(comment) }
  },
  [`PATCH ${REPO}/issues/comments/{comment_id}`]: (repository, asked) => {
    const comment = found(repository.comments.find(({ id }) => id === Number(asked.operation.parameters.comment_id)))
    comment.body = textOf(asked)
    return ok(commentOf(comment))
  },
  [`POST ${REPO}/check-runs`]: (repository, { body, app }) => {
    if (app === null) throw new Refusal(403, 'You must authenticate via a GitHub App.')
    found(repository.commits.get(body.head_sha as string))
    const check = {
      id: repository.checks.length + 1,
      conclusion: null,
      status: 'queued',
      external_id: '',
      ...body,
    } as CheckRun
    repository.checks.push(check)
    return { status: 201, body: checkOf(check) }
  },
  [`PATCH ${REPO}/check-runs/{check_run_id}`]: (repository, { body, operation }) => {
    const check = found(repository.checks.find(({ id }) => id === Number(operation.parameters.check_run_id)))
    Object.assign(check, body)
    return ok(checkOf(check))
  },
  [`POST ${REPO}/statuses/{sha}`]: (repository, { body, operation }) => {
    const status = {
      sha: operation.parameters.sha as string,
      ...(body as { state: string; context: string; description: string }),
    }
    repository.statuses.push(status)
    return { status: 201, body: { ...example(`POST ${REPO}/statuses/{sha}`, 201), ...status } }
  },
  [`POST ${REPO}/git/refs`]: (repository, { body, viewer }) => {
    const name = (body.ref as string).replace('refs/heads/', '')
    if (repository.branches.has(name)) throw new Refusal(422, 'Reference already exists')
    found(repository.commits.get(body.sha as string))
    repository.move(name, body.sha as string, viewer, 'branch_creation')
    return { status: 201, body: { ...example(`POST ${REPO}/git/refs`, 201), ref: body.ref } }
  },
  [`PUT ${REPO}/contents/{path}`]: (repository, { body, operation, viewer }) => {
    const branch = body.branch as string
    const parent = found(repository.branches.get(branch)).sha
    const files = { [operation.parameters.path as string]: Buffer.from(body.content as string, 'base64').toString() }
    const tree = repository.with(repository.treeOf(parent), files)
    const sha = repository.commit({
      tree,
      parents: [parent],
      message: body.message as string,
      author: viewer,
      committer: viewer,
    })
    repository.move(branch, sha, viewer, 'push')
    return { status: 201, body: example(`PUT ${REPO}/contents/{path}`, 201) }
  },
}

/** "Lists a maximum of 250 commits for a pull request." */
const COMMITS_LISTED_MAX = 250
const COMMENT_CHARS_MAX = 65_536

function textOf({ body }: Asked): string {
  const text = body.body as string
  if (text.trim() === '') throw new Refusal(422, 'Validation Failed')
  if (text.length > COMMENT_CHARS_MAX) throw new Refusal(422, 'Validation Failed: body is too long')
  return text
}

export function membership(repository: GitHubRepository, { operation }: Asked): Answer {
  const { team_slug: slug = '', username = '' } = operation.parameters
  const children = [...repository.parents].flatMap(([child, parent]) => (parent === slug ? [child] : []))
  const member = [slug, ...children].some((team) => repository.teams.get(team)?.has(username) === true)
  if (!member) throw new Refusal(404, 'Not Found')
  const name = 'GET /orgs/{org}/teams/{team_slug}/memberships/{username}'
  return ok({ ...example(name), role: 'member', state: 'active' })
}
