import type { Account, PullEvidence, Push } from './evidence.ts'

/**
 * Everybody whose work is in it. Names in commits can be invented, so who moved the branch counts beside them; what
 * cannot be told whose it is may be anybody's.
 */
export function contributorsOf(pull: PullEvidence, tools: readonly string[]) {
  const people = new Set<number>(pull.author === null ? [] : [pull.author.id])
  const unknown = new Set<string>(pull.author === null ? ['the author’s closed account'] : [])
  const logins = new Set<string>()
  const known = loginsIn(pull)
  const tool = new Set(tools.map((address) => address.toLowerCase()))
  for (const { author, committer, authorEmail, message } of pull.contributions) {
    if (author !== null) people.add(author.id)
    else if (!tool.has(authorEmail.toLowerCase())) unknown.add(authorEmail.toLowerCase())
    if (committer !== null) people.add(committer.id)
    for (const address of coAuthors(message)) {
      const account = accountOf(address)
      if (typeof account === 'number') people.add(account)
      else if (account !== null && known.has(account)) logins.add(account)
      else if (!tool.has(address)) unknown.add(address)
    }
  }
  const pushes = pushesBehind(pull)
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

/**
 * Every push that may have brought something of it: each that left the branch at one of its commits, and all between
 * the one that left it at its head and the one that began it, since a commit stays though what it came with was
 * force-pushed away.
 */
function pushesBehind(pull: PullEvidence): readonly Push[] {
  const own = new Set([pull.head, ...pull.contributions.map(({ commit }) => commit)])
  const pushes = (pull.pushes ?? []).filter(({ kind }) => kind !== 'branch_deletion')
  const last = pushes.findIndex(({ after }) => after === pull.head)
  const begun = ({ kind, before, after }: Push): boolean => kind !== 'force_push' && own.has(after) && !own.has(before)
  const first = pushes.findIndex((push, index) => index >= last && begun(push))
  const between = last === -1 ? [] : pushes.slice(last, first === -1 ? undefined : first + 1)
  return [...new Set([...between, ...pushes.filter(({ after }) => own.has(after))])]
}

/** A name alone tells who it is only while somebody here has it: it may be a reviewer's name of before. */
function loginsIn({ author, contributions, reviews }: PullEvidence): ReadonlySet<string> {
  const accounts = [
    author,
    ...contributions.flatMap((one) => [one.author, one.committer]),
    ...reviews.map(({ by }) => by),
  ]
  return new Set(accounts.flatMap((one) => one?.login.toLowerCase() ?? []))
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
