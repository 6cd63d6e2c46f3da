import type { Facts } from '../../../policies/input.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'

const FACTS: Facts = {
  kind: 'delete',
  tag: 'DELETE',
  effects: ['write'],
  relations: [
    {
      schema: 'public',
      name: 'orders',
      kind: 'table',
      access: ['delete'],
      system: false,
      temporary: false,
      through: [],
      labels: [],
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
  fingerprint: '50fde20626009aba',
}

/** A hold as the state database gives it; a test names only what it is about. */
export function sampleHold(changes: Partial<Hold> = {}, facts: Partial<Facts> = {}): Hold {
  return {
    id: 'hold_7Hq2vNmPzT4',
    status: 'pending',
    mode: 'wait',
    identity: {
      issuer: 'https://id.example',
      subject: 'agent-1',
      name: 'report-bot',
      groups: ['agents'],
      kind: 'agent',
      actsFor: { issuer: 'https://id.example', subject: 'ana-1', name: 'ana', groups: ['engineers'] },
      provenBy: 'oidc',
      expiresAt: '2026-03-01T13:00:00.000Z',
    },
    target: { name: 'prod/shop', environment: 'production', database: 'shop' },
    application: 'psql',
    statement: 'DELETE FROM orders',
    parameters: [],
    digest: 'ab'.repeat(32),
    facts: { ...FACTS, ...facts },
    decision: {
      outcome: 'hold',
      rules: [
        {
          id: 'production.write_without_where',
          title: 'Writes of whole tables',
          reason: 'This changes every row of a production table.',
          outcome: 'hold',
        },
      ],
      masks: [],
      reviewers: [{ group: 'dba', count: 1 }],
      expiryMs: 900_000,
      grantMs: 600_000,
      onHold: 'wait',
    },
    policyDigest: 'cd'.repeat(32),
    preview: { kind: 'counted', rows: 4_200, ofRows: 4_200 },
    reason: null,
    expiryMs: 900_000,
    sessionId: 'session_1',
    votes: [],
    createdAt: '2026-03-01T12:00:00.000Z',
    expiresAt: '2026-03-01T12:15:00.000Z',
    grantExpiresAt: null,
    decidedAt: null,
    outcome: null,
    needsReason: false,
    remindedAt: null,
    escalatedAt: null,
    gathering: null,
    alikeApproval: null,
    brokenGlass: null,
    notTold: [],
    approvedThrough: null,
    ...changes,
  }
}

export function vote(name: string, choice: 'approve' | 'reject', reason: string | null = null): Hold['votes'][number] {
  const voter = { issuer: 'https://id.example', subject: `${name}-1`, name, groups: ['dba'] }
  return { voter, choice, reason, via: 'slack', at: '2026-03-01T12:01:00.000Z' }
}
