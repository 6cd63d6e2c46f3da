import type { HoldRequest } from '../../../workflows/holds/hold.ts'

/** An agent's DELETE without a WHERE on production, as the proxy would ask for it. */
export function sampleHold(issuer: string, changes: Partial<HoldRequest> = {}): HoldRequest {
  const ana = { issuer, subject: 'ana', name: 'ana', groups: ['engineers'] }
  return {
    mode: 'error',
    identity: {
      issuer,
      subject: 'report-bot',
      name: 'report-bot',
      groups: ['agents'],
      kind: 'agent',
      actsFor: ana,
      provenBy: 'oidc',
      expiresAt: '2099-01-01T00:00:00Z',
    },
    target: { name: 'prod/shop', environment: 'production', database: 'shop' },
    application: 'psycopg 3.2',
    statement: 'DELETE FROM customers',
    parameters: [],
    digest: crypto.randomUUID(),
    facts: {
      kind: 'delete',
      tag: 'DELETE',
      effects: ['write'],
      relations: [
        {
          schema: 'public',
          name: 'customers',
          kind: 'table',
          access: ['delete'],
          system: false,
          temporary: false,
          through: [],
          labels: ['email', 'phone', 'card'],
        },
      ],
      columns: [],
      functions: [],
      roles: [],
      settings: [],
      external: [],
      locks: [],
      flags: ['no_where'],
      unresolved: [],
      fingerprint: '0a1b2c3d',
    },
    decision: {
      outcome: 'hold',
      rules: [
        {
          id: 'production.write_without_where',
          title: 'Write without WHERE in production',
          reason: 'A DELETE without WHERE empties the whole table, so a database administrator looks at it first.',
          outcome: 'hold',
        },
      ],
      masks: [],
      reviewers: [{ group: 'dba', count: 1 }],
      expiryMs: 900_000,
      grantMs: 600_000,
      onHold: 'error',
    },
    policyDigest: '3f2a9c0d11e84b7a9e5d6c1f0a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d',
    preview: { kind: 'counted', rows: 3_000, ofRows: 3_000 },
    reason: null,
    expiryMs: 900_000,
    sessionId: 'session_1',
    ...changes,
  }
}

/** The same asked by a person for herself. */
export function sampleOf(name: string, issuer: string, changes: Partial<HoldRequest> = {}): HoldRequest {
  const { identity } = sampleHold(issuer)
  return sampleHold(issuer, {
    identity: { ...identity, kind: 'human', subject: name, name, actsFor: null },
    ...changes,
  })
}
