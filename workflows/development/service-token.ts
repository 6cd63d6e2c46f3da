import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceTokens } from '../directory/service-tokens.ts'
import { writePrivately } from './data-folder.ts'
import type { Person } from './people.ts'

/** A service's token is kept as its hash only, so the development tree keeps the token itself beside its other secrets. */
export interface KeptToken {
  readonly dataFolder: string
  readonly tokens: Pick<ServiceTokens, 'create' | 'verify'>
  readonly person: Person
  readonly now: () => number
}

const DAYS = 90
const RENEWED_DAYS_BEFORE = 7
const DAY_MS = 86_400_000

/** The one that was kept, while it is good for another week; else a new one. */
export async function keptServiceToken({ dataFolder, tokens, person, now }: KeptToken): Promise<string> {
  const file = join(dataFolder, `token-${person.name}`)
  const kept = read(file)
  const identity = kept === null ? null : await tokens.verify(kept)
  if (kept !== null && identity !== null && Date.parse(identity.expiresAt) - now() > RENEWED_DAYS_BEFORE * DAY_MS)
    return kept
  const { token } = await tokens.create({
    name: person.name,
    kind: 'service',
    groups: person.groups,
    actsFor: null,
    expiresAt: new Date(now() + DAYS * DAY_MS),
    scopes: [],
  })
  writePrivately(file, `${token}\n`)
  return token
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return null
  }
}
