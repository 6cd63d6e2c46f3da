import type { PassThrough } from 'node:stream'
import type { Pool } from 'pg'
import type { Log } from '../../../log.ts'
import type { Identity } from '../../../policies/input.ts'
import type { Hold, Holds } from '../../../workflows/holds/hold.ts'
import { type HoldChanges, listenForChanges } from '../../../workflows/holds/hold-changes.ts'
import { identityKey } from '../../../workflows/holds/identity-key.ts'
import { DoorError } from '../errors.ts'
import { holdViewOf, type ViewSources } from '../hold-view.ts'

/**
 * Follows one hold until nothing more will become of it, as server-sent events:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 * Each event is the hold as it is; who reconnects has missed nothing that counts.
 */
export interface HoldStreams {
  /** @throws DoorError too_many_streams */
  follow(hold: Hold, asker: Identity, response: PassThrough): void
  close(): Promise<void>
}

export interface HoldStreamsOptions {
  readonly pool: Pool
  readonly holds: Pick<Holds, 'find'>
  readonly views: ViewSources
  readonly now: () => number
  readonly log: Log
}

const STREAMS_MAX = 1_000
const STREAMS_PER_ASKER_MAX = 20
/** Often enough for proxies not to cut the line. */
const HEARTBEAT_MS = 15_000
/** setTimeout's own limit. */
const TIMER_MS_MAX = 0x7fff_ffff

interface Stream {
  readonly hold: string
  readonly asker: string
  readonly response: PassThrough
  last: string
}

export function createHoldStreams({ pool, holds, views, now, log }: HoldStreamsOptions): HoldStreams {
  const streams = new Set<Stream>()
  let changes: HoldChanges | null = null

  const tell = async (stream: Stream): Promise<void> => {
    const hold = await holds.find(stream.hold)
    if (hold === null || !streams.has(stream)) return
    const view = await holdViewOf(hold, views)
    const data = JSON.stringify(view)
    if (data !== stream.last) stream.response.write(`event: hold\ndata: ${data}\n\n`)
    stream.last = data
    const open = view.status === 'pending' || view.status === 'approved'
    if (!(open && view.result.state !== 'not_run') && view.result.state !== 'running') drop(stream)
  }
  const drop = (stream: Stream): void => {
    streams.delete(stream)
    stream.response.end()
  }
  const tellAll = (hold: string | null): void => {
    for (const stream of streams) {
      if (hold !== null && hold !== stream.hold) continue
      tell(stream).catch((err: unknown) => {
        log.warn({ err }, 'a followed hold could not be read')
        drop(stream)
      })
    }
  }
  const heart = setInterval(() => {
    for (const { response } of streams) response.write(': still here\n\n')
  }, HEARTBEAT_MS)
  heart.unref()

  return {
    follow(hold, identity, response) {
      const asker = identityKey(identity)
      const own = [...streams].filter((stream) => stream.asker === asker).length
      if (streams.size >= STREAMS_MAX || own >= STREAMS_PER_ASKER_MAX) {
        throw new DoorError('too_many_streams', 'Too many holds are followed already')
      }
      const stream: Stream = { hold: hold.id, asker, response, last: '' }
      streams.add(stream)
      // As long as the credential is good, and no longer.
      const leftMs = Math.min(Math.max(Date.parse(identity.expiresAt) - now(), 0), TIMER_MS_MAX)
      const expiry = setTimeout(() => drop(stream), leftMs)
      response.once('close', () => {
        clearTimeout(expiry)
        streams.delete(stream)
      })
      response.write('retry: 2000\n\n')
      // Heard from then on; what was said before is in the first event.
      changes ??= subscribed(listenForChanges(pool, log), tellAll)
      tellAll(hold.id)
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
