import { createHash } from 'node:crypto'
import type { HoldRequest } from './hold.ts'
import { identityKey } from './identity-key.ts'

/** The same for all holds that one asker has for statements that differ in constants only; null: like no other. */
export function gatheringKey({ shape, identity }: Pick<HoldRequest, 'shape' | 'identity'>): string | null {
  if (shape === undefined || shape === null) return null
  const hash = createHash('sha256').update(JSON.stringify([identityKey(identity), shape]))
  return `alike_${hash.digest('base64url').slice(0, 22)}`
}
