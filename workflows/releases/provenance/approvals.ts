import type { Account, Merge, PullEvidence, ReviewGiven, Rules } from './evidence.ts'

/**
 * Whose approval counts. The latest review of each person, if it approves the very commit that was merged, was given
 * before the merge and after the pull request was last pointed at another branch, by a person with write access who
 * wrote nothing of it and pushed nothing to it. An administrator's merge adds nothing to that.
 */
export interface Approvals {
  readonly counted: readonly Account[]
  /** Who took part and does not count, and why, for people to read. */
  readonly notCounted: readonly string[]
  /** Addresses of contributors that belong to no account: each of them may be one of those who approved. */
  readonly unknown: readonly string[]
  /** People with write access whose last word was that it must change. */
  readonly against: readonly string[]
}

/** What GitHub commits with when something is done on its pages. */
const WEB_FLOW_ID = 19_864_447
const WRITERS: ReadonlySet<string> = new Set(['admin', 'write', 'maintain'])

export function approvalsOf({ pull }: Pick<Merge, 'pull'>, rules: Pick<Rules, 'toolAddresses'>): Approvals {
  const { isContributor, unknown } = contributorsOf(pull, rules.toolAddresses)
  const counted: Account[] = []
  const notCounted: string[] = []
  const against: string[] = []
  for (const [by, review] of latestReviews(pull.reviews)) {
    const writes = WRITERS.has(pull.permissions.get(by.login) ?? 'none')
    if (review.state === 'CHANGES_REQUESTED' && by.type === 'User' && writes) against.push(by.login)
    if (review.state !== 'APPROVED' && review.state !== 'DISMISSED') continue
    const why = whyNot(by, review, pull, { writes, contributed: isContributor(by) })
    if (why === null) counted.push(by)
    else notCounted.push(`${by.login} ${why}`)
  }
  return { counted, notCounted, unknown, against }
}

function whyNot(
  by: Account,
  review: ReviewGiven,
  pull: PullEvidence,
  { writes, contributed }: { readonly writes: boolean; readonly contributed: boolean },
): string | null {
  const at = review.at ?? Number.POSITIVE_INFINITY
  if (review.state === 'DISMISSED') return 'was dismissed'
  if (by.type !== 'User') return 'is no person'
  if (contributed) return 'wrote part of it or pushed to it'
  if (!writes) return 'has no write access'
  if (review.commit !== pull.head) return 'approved an earlier commit'
  if (pull.mergedAt === null || at > pull.mergedAt) return 'approved after the merge'
  if (pull.retargetedAt.some((moved) => at <= moved)) return 'approved before it was pointed at another branch'
  return null
}

/** A comment changes nothing of what somebody said before; everything else does. */
function latestReviews(reviews: readonly ReviewGiven[]): ReadonlyMap<Account, ReviewGiven> {
  const latest = new Map<number, readonly [Account, ReviewGiven]>()
  for (const review of reviews) {
    if (review.by === null || review.at === null || review.state === 'COMMENTED' || review.state === 'PENDING') continue
    const before = latest.get(review.by.id)?.[1]
    if (before === undefined || (before.at ?? 0) <= review.at) latest.set(review.by.id, [review.by, review])
  }
  return new Map(latest.values())
}

/**
 * Everybody whose work is in it. Names in commits can be invented, so who moved the branch counts beside them; what
 * cannot be told whose it is may be anybody's.
 */
function contributorsOf(pull: PullEvidence, tools: readonly string[]) {
  const people = new Set<number>(pull.author === null ? [] : [pull.author.id])
  const unknown = new Set<string>(pull.author === null ? ['the author’s closed account'] : [])
  const logins = new Set<string>()
  const tool = new Set(tools.map((address) => address.toLowerCase()))
  for (const { author, committer, authorEmail, message } of pull.contributions) {
    if (author !== null) people.add(author.id)
    else if (!tool.has(authorEmail.toLowerCase())) unknown.add(authorEmail.toLowerCase())
    if (committer !== null && committer.id !== WEB_FLOW_ID) people.add(committer.id)
    for (const address of coAuthors(message)) {
      const account = accountOf(address)
      if (typeof account === 'number') people.add(account)
      else if (account !== null) logins.add(account)
      else if (!tool.has(address)) unknown.add(address)
    }
  }
  const own = new Set([pull.head, ...pull.contributions.map(({ commit }) => commit)])
  const pushes = (pull.pushes ?? []).filter(({ after }) => own.has(after))
  for (const { by } of pushes) {
    if (by === null) unknown.add('a closed account that pushed')
    else people.add(by.id)
  }
  if (!pushes.some(({ after }) => after === pull.head)) unknown.add('whoever pushed its last commit')
  return {
    isContributor: ({ id, login }: Account) => people.has(id) || logins.has(login.toLowerCase()),
    unknown: [...unknown].sort(),
  }
}

function coAuthors(message: string): readonly string[] {
  const trailers = message.matchAll(/^\s*co-authored-by:[^<\n]*<([^>\n]*)>/gim)
  return [...trailers].map(([, address = '']) => address.trim().toLowerCase())
}

/** `123+login@users.noreply.github.com`, before 2017 without the number: GitHub's own address of an account. */
function accountOf(address: string): number | string | null {
  const [, id, login] = /^(?:(\d+)\+)?([^@+]+)@users\.noreply\.github\.com$/.exec(address) ?? []
  return id === undefined ? (login ?? null) : Number(id)
}
