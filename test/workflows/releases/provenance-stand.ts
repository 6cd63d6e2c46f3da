import { createGitHubClient, type GitHubClient, type KeptAnswer } from '../../../workflows/releases/github/client.ts'
import type { Rules } from '../../../workflows/releases/provenance/evidence.ts'
import {
  findRepository,
  type Provenance,
  type VerifyOptions,
  verifyProvenance,
} from '../../../workflows/releases/provenance/verify.ts'
import { type StandInGitHub, startGitHub } from '../../stand-ins/github.ts'
import type { People } from '../../stand-ins/github-people.ts'
import { gitHubConfig } from './github-config.ts'
import { begin, FIRST_FILES } from './provenance-stories.ts'

/** A repository on the stand-in whose branch was verified once, and the judging of what it came to since. */
export interface ProvenanceStand extends AsyncDisposable {
  readonly github: StandInGitHub
  /** The same repository from its beginning; to be called before each test. */
  begin(): void
  readonly people: People
  /** The commit that was verified last. */
  active: string
  client(): GitHubClient
  verify(options?: Verifying): Promise<Provenance & { readonly kept: readonly KeptAnswer[] }>
  /** What the findings are about, each once. */
  checks(options?: Verifying): Promise<readonly string[]>
}

type Verifying = Partial<Omit<VerifyOptions, 'rules'>> & { readonly rules?: Partial<Rules> }

export async function openProvenanceStand(): Promise<ProvenanceStand> {
  const github = await startGitHub()
  github.tokens.set('follower', { login: 'holdpoint-bot', app: null })
  let people = github.repository('acme/policies', FIRST_FILES)
  const client = () => createGitHubClient({ config: gitHubConfig(github.url), now: Date.now, retries: 0 })
  const stand: ProvenanceStand = {
    github,
    client,
    active: '',
    get people() {
      return people
    },
    begin() {
      github.misbehave(null)
      github.remove(people)
      people = github.repository('acme/policies', FIRST_FILES)
      begin(people)
      this.active = people.push('main', 'ana', { message: 'What was verified last' })
    },
    async verify({ rules, ...options } = {}) {
      const kept: KeptAnswer[] = []
      const repository = await findRepository(client(), 'acme/policies', people.repository.id)
      const given = {
        ...{ head: people.repository.headOf('main'), active: this.active },
        rules: { ...RULES, repository: repository.id, ...rules },
        ...options,
      }
      return { ...(await verifyProvenance(client().witnessed(kept), repository, given)), kept }
    },
    async checks(options) {
      const { findings } = await this.verify(options)
      return [...new Set(findings.map(({ check }) => check))].sort()
    },
    [Symbol.asyncDispose]: () => github[Symbol.asyncDispose](),
  }
  return stand
}

const RULES: Omit<Rules, 'repository'> = {
  ...{ branch: 'main', folder: 'policies', minApprovals: 1, codeOwnersRequired: true, approvalsOnlyWithin: null },
  toolAddresses: ['noreply@assistant.example'],
}
