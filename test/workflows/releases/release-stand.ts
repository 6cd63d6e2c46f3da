import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { inject } from 'vitest'
import { loadConfig } from '../../../config.ts'
import { type CompiledPolicy, compilePolicies, type Toolchain } from '../../../policies/compile.ts'
import { type Follower, type FollowerOptions, startFollower } from '../../../workflows/releases/follower.ts'
import type { GitHubConfig } from '../../../workflows/releases/github/client.ts'
import type { ReleaseNotice } from '../../../workflows/releases/notices.ts'
import { followedBranch, releaseInForce } from '../../../workflows/releases/store.ts'
import { migrate } from '../../../workflows/state/migrate.ts'
import { openState } from '../../../workflows/state/state.ts'
import { freshDatabase } from '../../harness/database.ts'
import { opa, POLICIES } from '../../policies/default-policy.ts'
import { fewerPolicies, policyFolder } from '../../policies/policy-folder.ts'
import { type StandInGitHub, startGitHub } from '../../stand-ins/github.ts'
import type { People } from '../../stand-ins/github-people.ts'
import { gitHubConfig } from './github-config.ts'

/** The default policies in a repository on the stand-in, a state database, and a follower between them. */
export interface ReleaseStand extends AsyncDisposable {
  readonly github: StandInGitHub
  readonly people: People
  readonly pool: pg.Pool
  readonly url: string
  readonly tools: Toolchain
  readonly clock: { ms: number }
  readonly told: ReleaseNotice[]
  readonly follower: Follower
  readonly config: GitHubConfig
  follow(changes?: Partial<GitHubConfig>, more?: Partial<FollowerOptions>): Follower
  /** Ana changes files, Ben approves, and it is merged. @returns the commit */
  change(files: Readonly<Record<string, string | null>>, head?: string): string
  inForce(): Promise<{ readonly commit: string; readonly digest: string } | null>
  problems(): Promise<readonly string[]>
  trail(name: string): Promise<readonly Record<string, unknown>[]>
}

/** Fewer than the default policies: each release is built and tested. */
export const REPOSITORY_FILES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    fewerPolicies().map((file) => [`policies/${file}`, readFileSync(join(POLICIES, file), 'utf8')]),
  ),
  CODEOWNERS: 'policies/ @ben\n',
}

/** What a checkout of REPOSITORY_FILES compiles to. */
export async function compiledCheckout(): Promise<CompiledPolicy> {
  using folder = policyFolder('fewer')
  const { path, cacheFolder } = folder
  return await compilePolicies({ path, opa: () => opa(), cacheFolder, progress: () => undefined })
}

export const RULE = 'policies/rules/general/reads.rego'

export async function openReleaseStand(
  files: Readonly<Record<string, string>> = REPOSITORY_FILES,
): Promise<ReleaseStand> {
  const github = await startGitHub()
  github.tokens.set('follower', { login: 'holdpoint-bot', app: null })
  const people = github.repository('acme/policies', files)
  for (const login of ['ana', 'ben', 'dora']) people.may(login, 'write')
  people.may('eve', 'admin')
  const database = await freshDatabase()
  const pool = openState(database.url)
  await migrate(pool)
  const tools = { opa: () => opa(), cacheFolder: inject('policyCache'), progress: () => undefined }
  const clock = { ms: Date.UTC(2026, 10, 21, 12) }
  const told: ReleaseNotice[] = []
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const followers: Follower[] = []
  const config = gitHubConfig(github.url)
  const follow = (changes: Partial<GitHubConfig> = {}, more: Partial<FollowerOptions> = {}): Follower => {
    const whole = loadConfig({}, { 'console.publicUrl': 'https://holdpoint.example' })
    const follower = startFollower({
      config: { console: whole.console, releases: { github: { ...config, pollMs: 3_600_000, ...changes } } },
      pool,
      tools,
      announcers: [{ announce: async (notice) => void told.push(notice) }],
      log,
      now: () => clock.ms,
      retries: 0,
      ...more,
    })
    followers.push(follower)
    return follower
  }
  return {
    github,
    people,
    pool,
    url: database.url,
    tools,
    clock,
    told,
    config,
    follow,
    get follower() {
      return followers[0] ?? follow()
    },
    change(changed, head = `change-${people.repository.pulls.size + 1}`) {
      people.branch(head, 'main', 'ana')
      people.push(head, 'ana', { files: changed })
      const pull = people.open('ana', { head, title: 'Change the rules' })
      people.approve(pull, 'ben')
      return people.merge(pull, 'ana', 'squash')
    },
    inForce: () => releaseInForce(pool, new Date(clock.ms)),
    problems: async () => (await followedBranch(pool)).problem?.findings.map(({ check }) => check) ?? [],
    trail: async (name) => {
      const { rows } = await pool.query('SELECT event FROM trail_outbox WHERE name = $1 ORDER BY id', [name])
      return rows.map(({ event }) => event as Record<string, unknown>)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(followers.map((follower) => follower.close()))
      await pool.end()
      await database[Symbol.asyncDispose]()
      await github[Symbol.asyncDispose]()
    },
  }
}
