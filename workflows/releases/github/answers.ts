import { z } from 'zod'

/**
 * What is used of GitHub's answers (https://docs.github.com/en/rest, version 2022-11-28). An answer without one of these
 * fields, or with another kind of value in it, is nonsense and proves nothing.
 */
const sha = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)
const when = z.iso.datetime({ offset: true })

const account = z.object({ id: z.int(), login: z.string().min(1), type: z.string() })
type Account = z.infer<typeof account>
const maybeAccount = z
  .union([account, z.object({}).strict()])
  .nullable()
  .optional()
  .transform((one): Account | null => (one != null && 'id' in one ? (one as Account) : null))

export const repository = z.object({
  id: z.int(),
  full_name: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  archived: z.boolean(),
})

export const branch = z.object({ name: z.string(), protected: z.boolean(), commit: z.object({ sha }) })

export const gitCommit = z.object({
  sha,
  tree: z.object({ sha }),
  parents: z.array(z.object({ sha })),
})

const side = z.object({ ref: z.string(), sha, repo: z.object({ id: z.int() }).nullable() })
export const listedPull = z.object({
  number: z.int(),
  title: z.string(),
  user: maybeAccount,
  head: side,
  base: side,
  draft: z.boolean().optional(),
  merged_at: when.nullable(),
  merge_commit_sha: sha.nullable(),
})

export const pull = listedPull.extend({ merged: z.boolean(), commits: z.int() })

export const review = z.object({
  id: z.int(),
  user: maybeAccount,
  state: z.string(),
  commit_id: z.string().nullish(),
  submitted_at: when.optional(),
})

export const listedCommit = z.object({
  sha,
  author: maybeAccount,
  committer: maybeAccount,
  commit: z.object({
    message: z.string(),
    author: z.object({ email: z.string().optional() }).nullable(),
  }),
})

export const activity = z.object({
  ref: z.string(),
  before: z.string(),
  after: z.string(),
  activity_type: z.string(),
  actor: maybeAccount,
})

export const event = z.object({ event: z.string(), created_at: when })

export const permission = z.object({ permission: z.string(), user: maybeAccount })

export const membership = z.object({ state: z.string() })

export const tree = z.object({
  sha,
  truncated: z.boolean(),
  tree: z.array(z.object({ path: z.string(), mode: z.string(), type: z.string(), sha, size: z.int().optional() })),
})

export const blob = z.object({ sha, size: z.int().nullable(), encoding: z.literal('base64'), content: z.string() })

export const comparison = z.object({
  behind_by: z.int(),
  merge_base_commit: z.object({ sha }),
})

export const comment = z.object({
  id: z.int(),
  body: z.string().optional(),
  user: maybeAccount,
  performed_via_github_app: z.object({ id: z.int() }).nullish(),
})

export const created = z.object({ id: z.int() })
