import type { Identity, PolicyInput } from '../../policies/input.ts'

const ana: Identity = {
  issuer: 'https://id.test',
  subject: '1',
  name: 'ana',
  groups: ['engineers'],
  kind: 'human',
  actsFor: null,
  provenBy: 'oidc',
  expiresAt: '2030-01-01T00:00:00Z',
}

export const bot: Identity = {
  ...ana,
  subject: '9',
  name: 'report-bot',
  groups: ['agents'],
  kind: 'agent',
  actsFor: { issuer: ana.issuer, subject: ana.subject, name: ana.name, groups: ana.groups },
}

/** A policy input of which a test names only what matters to it: a person reads in production. */
export function asked(
  statement: Partial<PolicyInput['statement']> = {},
  identity: Identity = ana,
  environment: PolicyInput['target']['environment'] = 'production',
): PolicyInput {
  return {
    version: 1,
    identity,
    target: { name: 'prod/shop', environment, database: 'shop' },
    session: { door: 'postgres', role: 'app', application: 'psql', transaction: 'idle' },
    statement: {
      kind: 'select',
      tag: 'SELECT',
      effects: ['read'],
      relations: [],
      columns: [],
      functions: [],
      roles: [],
      settings: [],
      external: [],
      locks: [],
      flags: [],
      unresolved: [],
      fingerprint: '0',
      ...statement,
    },
  }
}

export type RelationFact = PolicyInput['statement']['relations'][number]
export type ColumnFact = PolicyInput['statement']['columns'][number]

export function relation(
  name: string,
  access: RelationFact['access'],
  changes: Partial<RelationFact> = {},
): RelationFact {
  return {
    schema: 'public',
    name,
    kind: 'table',
    access,
    system: false,
    temporary: false,
    through: [],
    labels: [],
    ...changes,
  }
}

export function column(name: string, uses: ColumnFact['uses'], labels: readonly string[]): ColumnFact {
  return { schema: 'public', relation: 'customers', column: name, uses, labels }
}
