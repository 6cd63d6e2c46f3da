import type { Policy } from '../../policies/evaluate.ts'
import { INPUT_VERSION, type PolicyInput } from '../../policies/input.ts'

/** Somebody reads one table: every policy has an answer to that, and the engine has then seen every part of it once. */
const READING: PolicyInput = {
  version: INPUT_VERSION,
  identity: {
    issuer: 'https://holdpoint.dev/warm-up',
    subject: 'warm-up',
    name: 'warm-up',
    groups: [],
    kind: 'human',
    actsFor: null,
    provenBy: 'oidc',
    expiresAt: '2100-01-01T00:00:00Z',
  },
  target: { name: 'warm/up', environment: 'production', database: 'up' },
  session: { door: 'postgres', role: 'warm_up', application: '', transaction: 'idle' },
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
  },
}

const ROUNDS = 20

/** Gives way after each round. @throws PolicyError when the policy cannot even say something about a read */
export async function warmUp(policy: Policy): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const target = { ...READING.target, name: `warm/up-${round}` } // no two alike: none is answered from memory
    policy.decide({ ...READING, target })
    await new Promise(setImmediate)
  }
}
