import type { Files, GitHubRepository, GitHubUser, Permission, Pull } from './github-model.ts'

/** What people do on GitHub, each as one verb: this is what the stories of the tests are told with. */
export interface CommitOptions {
  readonly files?: Files
  readonly message?: string
  /** Whom git names as the author; null: an address that belongs to no account. Who pushes when left out. */
  readonly author?: string | null
  /** Whom git names as the committer, which anybody can make up. */
  readonly committer?: string
  readonly email?: string
  readonly coAuthors?: readonly string[]
}

export type MergeMethod = 'merge' | 'squash' | 'rebase' | 'queue'
const WEB_FLOW: GitHubUser = { id: 19_864_447, login: 'web-flow', type: 'User' }

let madeUsers = 0

export class People {
  readonly repository: GitHubRepository
  readonly #users: Map<string, GitHubUser>

  constructor(repository: GitHubRepository, users: Map<string, GitHubUser>) {
    this.repository = repository
    this.#users = users
  }

  user(login: string): GitHubUser {
    const known = this.#users.get(login)
    if (known !== undefined) return known
    const bot = login.endsWith('[bot]')
    const made: GitHubUser = { id: 1_000 + ++madeUsers, login, type: bot ? 'Bot' : 'User' }
    this.#users.set(login, made)
    return made
  }

  may(login: string, permission: Permission): void {
    this.user(login)
    this.repository.permissions.set(login, permission)
  }

  team(slug: string, ...members: readonly string[]): void {
    this.repository.teams.set(slug, new Set(members))
  }

  /** As on GitHub, who is in the child is in the parent too. */
  childTeam(slug: string, parent: string, ...members: readonly string[]): void {
    this.team(slug, ...members)
    this.repository.parents.set(slug, parent)
  }

  /** An account takes another name; what it may do goes with it, and its old name is free. */
  renameUser(login: string, to: string): void {
    const user = this.user(login)
    const { permissions, teams } = this.repository
    this.#users.delete(login)
    this.#users.set(to, user)
    user.login = to
    const permission = permissions.get(login)
    if (permission !== undefined) permissions.set(to, permission)
    permissions.delete(login)
    for (const members of teams.values()) if (members.delete(login)) members.add(to)
  }

  /** The account is gone from GitHub's pages, and its name leads nowhere. */
  suspend(login: string): void {
    this.#users.delete(login)
    this.repository.permissions.delete(login)
  }

  branch(name: string, from: string, by: string): void {
    this.repository.move(name, this.repository.headOf(from), this.user(by), 'branch_creation')
  }

  /** Commits on a branch and pushes. @returns the commit */
  push(branch: string, by: string, options: CommitOptions = {}): string {
    const sha = this.commit(branch, by, options)
    this.repository.move(branch, sha, this.user(by), 'push')
    return sha
  }

  /** A commit that nobody has pushed yet. */
  commit(on: string, by: string, options: CommitOptions = {}): string {
    const { repository } = this
    const parent = repository.headOf(on)
    const { files = {}, message = 'Change the rules', author = by, email, coAuthors = [] } = options
    const trailers = coAuthors.map((who) => `Co-authored-by: ${who.split('@')[0]} <${this.#address(who)}>`)
    return repository.commit({
      tree: repository.with(repository.treeOf(parent), files),
      parents: repository.commits.has(parent) ? [parent] : [],
      message: [message, '', ...trailers].join('\n').trim(),
      author: author === null ? null : this.user(author),
      committer: author === null ? null : this.user(options.committer ?? by),
      ...(email === undefined ? {} : { email }),
    })
  }

  forcePush(branch: string, to: string, by: string): void {
    this.repository.move(branch, to, this.user(by), 'force_push')
    for (const pull of this.repository.pulls.values())
      if (pull.head.ref === branch && pull.merged === null) this.#event(pull, 'head_ref_force_pushed', by)
  }

  open(
    by: string,
    options: { readonly head: string; readonly base?: string; readonly title?: string; readonly fork?: boolean },
  ): number {
    const { repository } = this
    const { head, base = 'main', title = 'Change the rules', fork = false } = options
    const number = repository.pulls.size + 1
    repository.pulls.set(number, {
      number,
      title,
      author: this.user(by),
      head: { ref: head, sha: repository.headOf(head) },
      base: { ref: base, sha: repository.headOf(base) },
      sameRepository: !fork,
      reviews: [],
      merged: null,
      events: [],
    })
    return number
  }

  review(number: number, by: string, state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED', commit?: string): void {
    const pull = this.pull(number)
    const review = { id: pull.reviews.length + 1, user: this.user(by), state, commit: commit ?? pull.head.sha }
    pull.reviews.push({ ...review, at: this.repository.tick() })
  }

  approve(number: number, by: string): void {
    this.review(number, by, 'APPROVED')
  }

  /** Takes somebody's last review out of the count; GitHub keeps the review and its time. */
  dismiss(number: number, whose: string, by = 'eve'): void {
    const pull = this.pull(number)
    const last = pull.reviews.findLastIndex(({ user }) => user.login === whose)
    pull.reviews = pull.reviews.map((one, index) => (index === last ? { ...one, state: 'DISMISSED' } : one))
    this.#event(pull, 'review_dismissed', by)
  }

  retarget(number: number, base: string, by: string): void {
    const pull = this.pull(number)
    pull.base = { ref: base, sha: this.repository.headOf(base) }
    this.#event(pull, 'base_ref_changed', by)
  }

  /** @returns the commit that the branch is at afterwards */
  merge(number: number, by: string, method: MergeMethod = 'merge', changes: { readonly files?: Files } = {}): string {
    const pull = this.pull(number)
    const { repository } = this
    const before = repository.headOf(pull.base.ref)
    const merged = repository.merged(before, pull.head.sha)
    const tree =
      changes.files === undefined ? merged : repository.with(repository.trees.get(merged) ?? new Map(), changes.files)
    const message = `${pull.title} (#${number})`
    const common = { message, author: pull.author, committer: WEB_FLOW }
    const shas =
      method === 'rebase'
        ? this.#rebased(pull, before)
        : [repository.commit({ ...common, tree, parents: method === 'squash' ? [before] : [before, pull.head.sha] })]
    const sha = shas.at(-1) as string
    pull.base.sha = before
    pull.merged = { sha, at: repository.tick(), by: this.user(by) }
    this.#brought(pull, shas)
    repository.move(pull.base.ref, sha, this.user(by), method === 'queue' ? 'merge_queue_merge' : 'pr_merge')
    return sha
  }

  pull(number: number): Pull {
    return this.repository.pulls.get(number) as Pull
  }

  rename(name: string): void {
    this.repository.name = name
  }

  transfer(owner: string): void {
    this.repository.owner = owner
  }

  /** Open pull requests go with it; GitHub sends who asks for the old name to the new one. */
  renameBranch(name: string, to: string): void {
    const { branches, renamed, pulls } = this.repository
    const branch = branches.get(name)
    if (branch === undefined) return
    branches.delete(name)
    branches.set(to, branch)
    renamed.set(name, to)
    for (const pull of pulls.values()) if (pull.merged === null && pull.base.ref === name) pull.base.ref = to
  }

  deleteBranch(name: string, by: string): void {
    this.repository.move(name, '0'.repeat(40), this.user(by), 'branch_deletion')
    this.repository.branches.delete(name)
  }

  protect(branch: string, isProtected: boolean): void {
    const { branches } = this.repository
    const known = branches.get(branch)
    if (known !== undefined) branches.set(branch, { ...known, protected: isProtected })
  }

  /** A clone of one branch, with all it has, pushed to another repository. */
  pushClone(to: People, branch: string, by: string): void {
    const { repository } = to
    for (const part of ['commits', 'trees', 'blobs'] as const)
      for (const [sha, one] of this.repository[part]) (repository[part] as Map<string, unknown>).set(sha, one)
    repository.move(branch, this.repository.headOf(branch), to.user(by), 'force_push')
  }

  #rebased(pull: Pull, onto: string): readonly string[] {
    const { repository } = this
    const shas: string[] = []
    for (const { parents, sha, message, author, email } of repository.between(onto, pull.head.sha)) {
      const parent = shas.at(-1) ?? onto
      const before = repository.treeOf(parents[0] ?? '')
      const tree = repository.applied(repository.treeOf(parent), before, repository.treeOf(sha))
      shas.push(repository.commit({ tree, parents: [parent], message, author, email, committer: WEB_FLOW }))
    }
    return shas
  }

  #brought(pull: Pull, shas: readonly string[]): void {
    const { broughtBy } = this.repository
    const originals = this.repository.between(pull.base.sha, pull.head.sha).map(({ sha }) => sha)
    for (const sha of [...shas, ...originals]) broughtBy.set(sha, new Set([...(broughtBy.get(sha) ?? []), pull.number]))
  }

  #event(pull: Pull, event: string, by: string): void {
    pull.events.push({ event, at: this.repository.tick(), actor: this.user(by) })
  }

  #address(who: string): string {
    if (who.includes('@')) return who
    return `${this.user(who).id}+${who}@users.noreply.github.com`
  }
}
