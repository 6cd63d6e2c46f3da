import type { Pool } from 'pg'
import type { Log } from '../../log.ts'
import type { Identity } from '../../policies/input.ts'
import { type PersonKey, shownKey } from '../../workflows/holds/identity-key.ts'
import { rowsOf } from '../../workflows/state/transaction.ts'

/**
 * Ends what rests on a credential that was good when it was shown and is not any more: of somebody who was deactivated,
 * of the agents that act for them, of a service whose last token was revoked. The directory is asked about whoever is
 * here, every few seconds; who comes anew is looked at when they come (authenticate.ts).
 */
export interface Departures {
  /** From now on those who are there are looked at. */
  watch(place: Place): void
  close(): Promise<void>
}

export interface Place {
  readonly identities: readonly Identity[]
  endThose(gone: (identity: Identity) => boolean): void
}

export interface DeparturesOptions {
  readonly pool: Pool
  readonly log: Pick<Log, 'warn'>
  readonly now: () => number
}

const EVERY_MS = 5_000

export function watchDepartures({ pool, log, now }: DeparturesOptions): Departures {
  const places = new Set<Place>()
  let looking: Promise<void> | null = null

  async function look(): Promise<void> {
    const identities = [...places].flatMap((place) => place.identities)
    if (identities.length === 0) return
    const [people, services] = await Promise.all([deactivated(pool, identities), withTokens(pool, identities, now())])
    const gone = (identity: Identity): boolean =>
      [identity, identity.actsFor].some((one) => one !== null && people.has(shownKey(one))) ||
      (identity.provenBy === 'service_token' && !services.has(serviceKey(identity)))
    for (const place of places) place.endThose(gone)
  }

  const timer = setInterval(() => {
    looking ??= look()
      .catch((err: unknown) => log.warn({ err }, 'who has left could not be asked; the next round tries again'))
      .finally(() => {
        looking = null
      })
  }, EVERY_MS)
  timer.unref()
  return {
    watch: (place) => void places.add(place),
    async close() {
      clearInterval(timer)
      await looking
    },
  }
}

async function deactivated(pool: Pool, identities: readonly Identity[]): Promise<ReadonlySet<string>> {
  const all = identities.flatMap(({ actsFor, ...self }) => (actsFor === null ? [self] : [self, actsFor]))
  const here = [...new Map(all.map((one) => [shownKey(one), one])).values()]
  const rows = await rowsOf<PersonKey>(
    pool,
    `SELECT issuer, subject FROM person JOIN unnest($1::text[], $2::text[]) AS here (issuer, subject)
       USING (issuer, subject) WHERE NOT active`,
    [here.map(({ issuer }) => issuer), here.map(({ subject }) => subject)],
  )
  return new Set(rows.map(shownKey))
}

/** Services and agents with a token that is good. A session does not say by which of several it came. */
async function withTokens(pool: Pool, identities: readonly Identity[], now: number): Promise<ReadonlySet<string>> {
  if (!identities.some(({ provenBy }) => provenBy === 'service_token')) return new Set()
  const rows = await rowsOf<{ name: string; kind: string }>(
    pool,
    'SELECT DISTINCT name, kind FROM service_token WHERE revoked_at IS NULL AND expires_at > $1',
    [new Date(now)],
  )
  return new Set(rows.map(({ name, kind }) => serviceKey({ subject: name, kind })))
}

function serviceKey({ kind, subject }: { readonly kind: string; readonly subject: string }): string {
  return `${kind} ${subject}`
}
