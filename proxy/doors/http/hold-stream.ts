import type { PassThrough } from 'node:stream'
import type { Pool } from 'pg'
import type { Log } from '../../../log.ts'
import type { Identity } from '../../../policies/input.ts'
import type { Hold, Holds } from '../../../workflows/holds/hold.ts'
import { type HoldChanges, listenForChanges } from '../../../workflows/holds/hold-changes.ts'
import { identityKey } from '../../../workflows/holds/identity-key.ts'
import { DoorError } from '../errors.ts'

/**
 * Follows holds until nothing more will become of them, as server-sent events:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 * What is told is always how a hold is now; who reconnects has missed nothing that counts.
 */
export interface HoldStreams {
  /** @throws DoorError too_many_streams */
  follow(following: Following): void
  /** Of those who follow. */
  readonly identities: readonly Identity[]
  endThose(gone: (identity: Identity) => boolean): void
  close(): Promise<void>
}

export interface Following {
  readonly holds: readonly string[]
  readonly asker: Identity
  readonly response: PassThrough
  /** Writes how it is, if that is news. Never twice at once. @returns whether more may become of it */
  readonly tell: (hold: Hold) => Promise<boolean>
  /** Written when nothing more comes. */
  readonly last?: string
}

export interface HoldStreamsOptions {
  readonly pool: Pool
  readonly holds: Pick<Holds, 'find'>
  readonly now: () => number
  readonly log: Log
}

const STREAMS_MAX = 1_000
const STREAMS_PER_ASKER_MAX = 20
/** Often enough for proxies not to cut the line. */
const HEARTBEAT_MS = 15_000
/** setTimeout's own limit. */
const TIMER_MS_MAX = 0x7fff_ffff

interface Stream extends Following {
  readonly key: string
  /** Those of which more may become. */
  readonly open: Set<string>
  /** One after the other. */
  turn: Promise<void>
}

export function createHoldStreams({ pool, holds, now, log }: HoldStreamsOptions): HoldStreams {
  const streams = new Set<Stream>()
  let changes: HoldChanges | null = null

  const tell = async (stream: Stream, id: string): Promise<void> => {
    if (!streams.has(stream) || !stream.open.has(id)) return
    const hold = await holds.find(id)
    if (hold === null || !streams.has(stream)) return
    if (!(await stream.tell(hold))) stream.open.delete(id)
    if (stream.open.size === 0) drop(stream)
  }
  const drop = (stream: Stream): void => {
    if (streams.delete(stream)) stream.response.end(stream.last)
  }
  const tellAll = (changed: string | null): void => {
    for (const stream of streams) {
      const concerned = changed === null ? [...stream.open] : stream.open.has(changed) ? [changed] : []
      for (const hold of concerned) {
        stream.turn = stream.turn
          .then(() => tell(stream, hold))
          .catch((err: unknown) => {
            log.warn({ err }, 'a followed hold could not be read')
            drop(stream)
          })
      }
    }
  }
  const heart = setInterval(() => {
    for (const { response } of streams) response.write(': still here\n\n')
  }, HEARTBEAT_MS)
  heart.unref()

  return {
    follow(following) {
      const { asker, response } = following
      const key = identityKey(asker)
      const own = [...streams].filter((stream) => stream.key === key).length
      if (streams.size >= STREAMS_MAX || own >= STREAMS_PER_ASKER_MAX) {
        throw new DoorError('too_many_streams', 'Too many holds are followed already')
      }
      const stream: Stream = { ...following, key, open: new Set(following.holds), turn: Promise.resolve() }
      streams.add(stream)
      // As long as the credential is good, and no longer.
      const leftMs = Math.min(Math.max(Date.parse(asker.expiresAt) - now(), 0), TIMER_MS_MAX)
      const expiry = setTimeout(() => drop(stream), leftMs)
      response.once('close', () => {
        clearTimeout(expiry)
        streams.delete(stream)
      })
      // Heard from then on; what was said before is in the first event.
      changes ??= subscribed(listenForChanges(pool, log), tellAll)
      tellAll(null)
    },
    get identities() {
      return [...streams].map(({ asker }) => asker)
    },
    endThose(gone) {
      for (const stream of streams) if (gone(stream.asker)) drop(stream)
    },
    async close() {
      clearInterval(heart)
      for (const stream of streams) drop(stream)
      await changes?.close()
    },
  }
}

function subscribed(changes: HoldChanges, listener: (hold: string | null) => void): HoldChanges {
  changes.subscribe(listener)
  return changes
}
