import { createHash } from 'node:crypto'

/** What GitHub knows, as far as Holdpoint asks for it: repositories with their commits, pull requests and who did what. */
export interface GitHubUser {
  readonly id: number
  login: string
  readonly type: 'User' | 'Bot'
}

export interface Commit {
  readonly sha: string
  readonly tree: string
  readonly parents: readonly string[]
  readonly message: string
  /** null: the address belongs to no account. */
  readonly author: GitHubUser | null
  readonly committer: GitHubUser | null
  readonly email: string
  readonly at: string
}

export interface Entry {
  readonly mode: string
  readonly type: 'blob' | 'commit' | 'tree'
  readonly sha: string
  readonly size: number
}
export type Tree = ReadonlyMap<string, Entry>

export interface Review {
  readonly id: number
  readonly user: GitHubUser
  readonly state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED'
  readonly commit: string
  readonly at: string
}

export interface Pull {
  readonly number: number
  title: string
  readonly author: GitHubUser
  head: { ref: string; sha: string }
  base: { ref: string; sha: string }
  /** Whose repository the head is in; false: a fork. */
  readonly sameRepository: boolean
  reviews: Review[]
  /** Every commit that a push brought, in order. */
  merged: { readonly sha: string; readonly at: string; readonly by: GitHubUser } | null
  events: { readonly event: string; readonly at: string; readonly actor: GitHubUser }[]
}

export interface Activity {
  readonly ref: string
  readonly before: string
  readonly after: string
  readonly actor: GitHubUser
  readonly activity_type: string
  readonly at: string
}

export interface Comment {
  readonly id: number
  readonly issue: number
  body: string
  readonly user: GitHubUser
  readonly app: number | null
}

export interface CheckRun {
  readonly id: number
  name: string
  head_sha: string
  status: string
  conclusion: string | null
  output: { title: string; summary: string; text?: string }
  external_id: string
  details_url?: string
}

export type Permission = 'admin' | 'write' | 'read' | 'none'
export type Files = Readonly<Record<string, string | { readonly mode: string; readonly content: string } | null>>
const EMPTY = '0'.repeat(40)

export const sha1 = (text: string | Buffer): string => createHash('sha1').update(text).digest('hex')

export class GitHubRepository {
  id: number
  owner: string
  name: string
  readonly branches = new Map<string, { sha: string; protected: boolean }>()
  /** Branches that have another name by now. */
  readonly renamed = new Map<string, string>()
  archived = false
  readonly commits = new Map<string, Commit>()
  readonly trees = new Map<string, Tree>()
  readonly blobs = new Map<string, Buffer>()
  readonly pulls = new Map<number, Pull>()
  readonly activities: Activity[] = []
  readonly comments: Comment[] = []
  readonly checks: CheckRun[] = []
  readonly statuses: { sha: string; state: string; context: string; description: string }[] = []
  readonly permissions = new Map<string, Permission>()
  readonly teams = new Map<string, Set<string>>()
  /** Child team → the team it is in. */
  readonly parents = new Map<string, string>()
  /** Whose merges find their commits by this: as GitHub relates a commit to the pull requests that brought it. */
  readonly broughtBy = new Map<string, Set<number>>()
  #minutes = 0

  constructor(id: number, owner: string, name: string) {
    this.id = id
    this.owner = owner
    this.name = name
  }

  /** A minute passes with everything that happens. */
  tick(): string {
    return new Date(Date.UTC(2026, 10, 1) + ++this.#minutes * 60_000).toISOString().replace('.000', '')
  }

  headOf(branch: string): string {
    return this.branches.get(branch)?.sha ?? EMPTY
  }

  treeOf(commit: string): Tree {
    return this.trees.get(this.commits.get(commit)?.tree ?? '') ?? new Map()
  }

  keepTree(tree: Tree): string {
    const sorted = new Map([...tree].sort(([a], [b]) => (a < b ? -1 : 1)))
    const sha = sha1(JSON.stringify([...sorted]))
    this.trees.set(sha, sorted)
    return sha
  }

  /** What stands in a folder itself; each folder in it by the name of its own tree. */
  oneLevel(tree: Tree): Tree {
    const level = new Map<string, Entry>()
    const folders = new Map<string, Map<string, Entry>>()
    for (const [path, entry] of tree) {
      const [name = '', ...rest] = path.split('/')
      if (rest.length === 0) level.set(name, entry)
      else folders.set(name, (folders.get(name) ?? new Map()).set(rest.join('/'), entry))
    }
    for (const [name, inside] of folders)
      level.set(name, { mode: '040000', type: 'tree', sha: this.keepTree(inside), size: 0 })
    return level
  }

  with(tree: Tree, files: Files): string {
    const made = new Map(tree)
    for (const [path, given] of Object.entries(files)) {
      if (given === null) {
        made.delete(path)
        continue
      }
      const { mode, content } = typeof given === 'string' ? { mode: '100644', content: given } : given
      const bytes = Buffer.from(content)
      const sha = sha1(Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]))
      this.blobs.set(sha, bytes)
      made.set(path, { mode, type: mode === '160000' ? 'commit' : 'blob', sha, size: bytes.length })
    }
    return this.keepTree(made)
  }

  commit(parts: Omit<Commit, 'sha' | 'at' | 'email'> & { readonly email?: string }): string {
    const at = this.tick()
    const email = parts.email ?? `${parts.author?.login ?? 'somebody'}@example.org`
    const sha = sha1(JSON.stringify([parts, at, email]))
    this.commits.set(sha, { ...parts, sha, at, email })
    return sha
  }

  move(branch: string, after: string, actor: GitHubUser, activity_type: string): void {
    const before = this.headOf(branch)
    const kept = this.branches.get(branch)
    this.branches.set(branch, { sha: after, protected: kept?.protected ?? false })
    this.activities.unshift({ ref: `refs/heads/${branch}`, before, after, actor, activity_type, at: this.tick() })
    for (const pull of this.pulls.values()) if (pull.merged === null && pull.head.ref === branch) pull.head.sha = after
  }

  ancestors(commit: string): readonly string[] {
    const seen = new Set<string>()
    const queue = [commit]
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      if (seen.has(at)) continue
      seen.add(at)
      queue.push(...(this.commits.get(at)?.parents ?? []))
    }
    return [...seen]
  }

  mergeBase(a: string, b: string): string {
    const ofA = new Set(this.ancestors(a))
    return this.ancestors(b).find((one) => ofA.has(one)) ?? EMPTY
  }

  /** In the order of a pull request: oldest first. */
  between(base: string, head: string): readonly Commit[] {
    const known = new Set(this.ancestors(base))
    const found = this.ancestors(head).filter((one) => !known.has(one))
    return found.map((one) => this.commits.get(one) as Commit).reverse()
  }

  /** What `head` changes since where it left `base`, on top of `base`. */
  merged(base: string, head: string): string {
    return this.applied(this.treeOf(base), this.treeOf(this.mergeBase(base, head)), this.treeOf(head))
  }

  /** The change from one tree to another, on top of a third; where both changed a file, one after the other. */
  applied(onto: Tree, from: Tree, to: Tree): string {
    const made = new Map(onto)
    for (const path of new Set([...from.keys(), ...to.keys()])) {
      const entry = to.get(path)
      if (entry?.sha === from.get(path)?.sha && entry?.mode === from.get(path)?.mode) continue
      if (entry === undefined) made.delete(path)
      else if (made.get(path)?.sha === from.get(path)?.sha) made.set(path, entry)
      else made.set(path, this.#both(made.get(path), entry))
    }
    return this.keepTree(made)
  }

  #both(ours: Entry | undefined, theirs: Entry): Entry {
    const text = [ours, theirs].map((one) => this.blobs.get(one?.sha ?? '')?.toString() ?? '').join('')
    const kept = this.trees.get(this.with(new Map(), { both: text })) as Tree
    return kept.get('both') as Entry
  }
}
