import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { PolicyError } from './errors.ts'
import type { PolicyInput } from './input.ts'
import { unresolved } from './unresolved.ts'

/** Inputs that a policy is given only when its manifest names them. */
export const volatileInput = z.enum(['session.application', 'session.transaction', 'identity.expiresAt'])

export const manifest = z.strictObject({
  name: z.string().min(1),
  volatile: z.array(volatileInput).readonly(),
  /** Kinds of `unresolved` that a policy means to judge by itself; any other is denied whatever it decides. */
  mayIgnore: z
    .array(unresolved.shape.code.exclude(['syntax']))
    .readonly()
    .default([]),
})

export type VolatileInput = z.infer<typeof volatileInput>
export type Manifest = z.infer<typeof manifest>

/** @throws PolicyError policy_invalid */
export function readManifest(folder: string): Manifest {
  try {
    return manifest.parse(parseYaml(readFileSync(join(folder, 'manifest.yaml'), 'utf8')))
  } catch (cause) {
    throw new PolicyError('policy_invalid', 'manifest.yaml of the policies is missing or not valid.', { cause })
  }
}

/** What a policy is shown of an input: all of it but the volatile fields that its manifest does not name. */
export type ShownInput = Omit<PolicyInput, 'identity' | 'session'> & {
  readonly identity: Omit<PolicyInput['identity'], 'expiresAt'> & { readonly expiresAt?: string }
  readonly session: Pick<PolicyInput['session'], 'door' | 'role'> & Partial<PolicyInput['session']>
}

export function shownTo(policy: Manifest, input: PolicyInput): ShownInput {
  const { expiresAt: _, ...identity } = input.identity
  const { application, transaction, ...session } = input.session
  const names = policy.volatile
  return {
    ...input,
    identity: names.includes('identity.expiresAt') ? input.identity : identity,
    session: {
      ...session,
      ...(names.includes('session.application') ? { application } : {}),
      ...(names.includes('session.transaction') ? { transaction } : {}),
    },
  }
}
