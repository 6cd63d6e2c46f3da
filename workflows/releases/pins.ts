import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { writeTrail } from '../outbox/outbox.ts'
import { inTransaction, rowsOf } from '../state/transaction.ts'
import { ReleaseError } from './errors.ts'
import { writeReleaseNotice } from './notices.ts'
import { findRelease } from './store.ts'
import { isSamePerson, isStillIn } from './two-people.ts'

/**
 * An earlier release back in force for a time, for when something is wrong and a pull request takes too long:
 *
 *   requested (one administrator) ──confirmed (another, within an hour)──▶ in force ──▶ its time is up, or it is ended
 *
 * Only what was verified once can be pinned, so no pin brings anything that nobody reviewed. Ending one early brings
 * back what was reviewed last, and takes one administrator.
 */
export interface Administrator {
  readonly issuer: string
  readonly subject: string
  readonly name: string
  readonly groups: readonly string[]
}

export interface Pin {
  readonly id: string
  readonly release: string
  readonly reason: string
  readonly pinnedMs: number
  readonly requestedBy: string
  readonly expiresAt: string
  readonly confirmedBy: string | null
}

export interface PinsOptions {
  readonly pool: pg.Pool
  /** The group of which two are needed. */
  readonly administrators: string
  readonly pinMsMax: number
  readonly now: () => number
}

interface PinRow {
  readonly id: string
  readonly release: string
  readonly reason: string
  readonly pinned_ms: string
  readonly requested_by: Administrator
  readonly expires_at: Date
  readonly confirmed_by: Administrator | null
}

const CONFIRM_MS_MAX = 60 * 60_000

export function createPins({ pool, administrators, pinMsMax, now }: PinsOptions) {
  const moment = (): Date => new Date(now())
  const assertAdministrator = ({ groups }: Administrator): void => {
    if (!groups.includes(administrators))
      throw new ReleaseError('not_possible', `Only members of ${administrators} can pin a release or end a pin.`)
  }

  return {
    /** Nothing changes yet. @throws ReleaseError not_possible */
    async request(
      by: Administrator,
      wanted: { readonly release: string; readonly reason: string; readonly ms: number },
    ): Promise<Pin> {
      assertAdministrator(by)
      if (wanted.reason.trim() === '') throw new ReleaseError('not_possible', 'Say why an earlier release is needed.')
      const ms = Math.min(wanted.ms, pinMsMax)
      const at = moment()
      return inTransaction(pool, async (client) => {
        const release = await findRelease(client, wanted.release)
        if (release === null) throw new ReleaseError('not_possible', 'There is no verified release of that commit.')
        const id = `pin_${randomBytes(9).toString('base64url')}`
        const expires = new Date(at.getTime() + CONFIRM_MS_MAX)
        await client.query(
          `INSERT INTO release_pin (id, release, reason, pinned_ms, requested_by, requested_at, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7)`,
          [id, release.commit, wanted.reason, ms, JSON.stringify(by), at, expires],
        )
        await writeTrail(client, at, 'release.pin_requested', {
          pin: id,
          release: release.commit,
          by: by.name,
          reason: wanted.reason,
        })
        const title = `${by.name} asks to put ${release.commit.slice(0, 12)} back in force. Another administrator has to confirm it.`
        await writeReleaseNotice(
          client,
          {
            kind: 'pin_requested',
            title,
            lines: [wanted.reason, `For ${Math.round(ms / 60_000)} minutes`, `holdpoint release confirm ${id}`],
            commit: release.commit,
            url: null,
            pin: id,
          },
          at,
        )
        return pinOf({
          id,
          release: release.commit,
          reason: wanted.reason,
          pinned_ms: String(ms),
          requested_by: by,
          expires_at: expires,
          confirmed_by: null,
        })
      })
    },

    /** By somebody else than who asked. @throws ReleaseError not_possible */
    async confirm(id: string, by: Administrator): Promise<Pin> {
      assertAdministrator(by)
      const at = moment()
      return inTransaction(pool, async (client) => {
        const [row] = await rowsOf<PinRow>(client, 'SELECT * FROM release_pin WHERE id = $1 FOR UPDATE', [id])
        if (row === undefined) throw new ReleaseError('not_possible', 'There is no such request.')
        if (row.confirmed_by !== null) throw new ReleaseError('not_possible', 'It is confirmed already.')
        if (row.expires_at <= at)
          throw new ReleaseError('not_possible', 'Nobody confirmed it within an hour. Ask again.')
        if (await isSamePerson(client, row.requested_by, by))
          throw new ReleaseError(
            'not_possible',
            'Another administrator has to confirm it: nobody pins a release alone.',
          )
        if (!(await isStillIn(client, row.requested_by, administrators)))
          throw new ReleaseError('not_possible', 'Who asked for it is no administrator any more. Ask again.')
        const until = new Date(at.getTime() + Number(row.pinned_ms))
        await client.query('UPDATE release_pin SET confirmed_by = $2, confirmed_at = $3 WHERE id = $1', [
          id,
          JSON.stringify(by),
          at,
        ])
        await client.query('UPDATE followed_branch SET pinned = $1, pinned_until = $2', [row.release, until])
        await writeTrail(client, at, 'release.pinned', {
          pin: id,
          release: row.release,
          by: by.name,
          until: until.toISOString(),
        })
        const title = `${row.release.slice(0, 12)} is back in force until ${until.toISOString()}: asked for by ${row.requested_by.name}, confirmed by ${by.name}.`
        await writeReleaseNotice(
          client,
          { kind: 'pinned', title, lines: [row.reason], commit: row.release, url: null, pin: id },
          at,
        )
        return pinOf({ ...row, confirmed_by: by })
      })
    },

    /** @throws ReleaseError not_possible when nothing is pinned */
    async end(by: Administrator): Promise<void> {
      assertAdministrator(by)
      if (!(await endPin(pool, moment(), by))) throw new ReleaseError('not_possible', 'No release is pinned.')
    },

    async open(): Promise<readonly Pin[]> {
      const rows = await rowsOf<PinRow>(
        pool,
        'SELECT * FROM release_pin WHERE confirmed_at IS NULL AND expires_at > $1 ORDER BY requested_at',
        [moment()],
      )
      return rows.map(pinOf)
    },
  }
}

export type Pins = ReturnType<typeof createPins>

/** @param by null: its time is up */
export function endPin(pool: pg.Pool, at: Date, by: Administrator | null): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const [row] = await rowsOf<{ pinned: string }>(
      client,
      'SELECT pinned FROM followed_branch WHERE pinned IS NOT NULL AND ($1 OR pinned_until <= $2) FOR UPDATE',
      [by !== null, at],
    )
    if (row === undefined) return false
    await client.query('UPDATE followed_branch SET pinned = NULL, pinned_until = NULL')
    await client.query(
      `UPDATE release_pin SET ended_at = $1, ended_by = $2
       WHERE confirmed_at IS NOT NULL AND ended_at IS NULL`,
      [at, by === null ? null : JSON.stringify(by)],
    )
    await writeTrail(client, at, 'release.unpinned', { release: row.pinned, by: by?.name ?? null })
    const why = by === null ? 'its time is up' : `ended by ${by.name}`
    const title = `${row.pinned.slice(0, 12)} is no longer pinned (${why}): the release that was verified last is in force.`
    await writeReleaseNotice(client, { kind: 'unpinned', title, lines: [], commit: row.pinned, url: null }, at)
    return true
  })
}

function pinOf({ id, release, reason, pinned_ms, requested_by, expires_at, confirmed_by }: PinRow): Pin {
  const [requestedBy, confirmedBy] = [requested_by.name, confirmed_by?.name ?? null]
  return {
    id,
    release,
    reason,
    pinnedMs: Number(pinned_ms),
    requestedBy,
    expiresAt: expires_at.toISOString(),
    confirmedBy,
  }
}
