import type { ServerResponse } from 'node:http'
import type { Hold } from '../../workflows/holds/hold.ts'
import type { HoldChanges } from '../../workflows/holds/hold-changes.ts'
import { samePerson } from '../../workflows/holds/identity-key.ts'
import { ConsoleError } from './errors.ts'
import type { ConsoleParts } from './parts.ts'
import { maySee } from './rights.ts'
import type { Viewer } from './viewer.ts'

/** Tells open pages which holds changed: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface EventStream {
  /** Before the answer begins. @throws ConsoleError too_many_streams */
  assertRoom(viewer: Viewer): void
  add(response: ServerResponse, viewer: Viewer, stillViewer: () => Promise<Viewer>): void
  close(): void
}

export interface EventStreamOptions extends Pick<ConsoleParts, 'holds' | 'log'> {
  readonly changes: Pick<HoldChanges, 'subscribe'>
}

interface Listener {
  readonly response: ServerResponse
  viewer: Viewer
  readonly stillViewer: () => Promise<Viewer>
}

/** Changes that wait to be told; more are not read one by one. */
const UNTOLD_MAX = 100
const STREAMS_MAX = 2_000
const STREAMS_PER_PERSON_MAX = 12
/** A page that does not read is cut off and asks anew when it wakes. */
const UNREAD_BYTES_MAX = 64 * 1024
/** Often enough for proxies not to cut the line and for a signed-out page to stop listening. */
const HEARTBEAT_MS = 20_000

export function createEventStream({ holds, changes, log }: EventStreamOptions): EventStream {
  const listeners = new Set<Listener>()
  const drop = (listener: Listener): void => {
    listeners.delete(listener)
    listener.response.end()
  }

  const announce = (id: string | null): void => {
    if (listeners.size === 0) return
    if (id !== null && untold.size < UNTOLD_MAX) {
      untold.add(id)
      if (!telling) void readAndTell()
      return
    }
    untold.clear()
    tellAll(listeners)
  }

  const untold = new Set<string>()
  let telling = false
  /**
   * One after the other, so that pages hear of changes in the order in which they happened. Of a crowd that changed at
   * once they hear as one: that there is something to ask for.
   */
  const readAndTell = async (): Promise<void> => {
    telling = true
    for (const id of untold) {
      untold.delete(id)
      // Pages ask again by themselves; one lost hint is no lost hold.
      const hold = await holds.find(id).catch((err: unknown) => {
        log.warn({ err, hold: id }, 'a changed hold could not be announced')
        return null
      })
      if (hold !== null) tell(hold, listeners)
    }
    telling = false
  }

  const beat = (): void => {
    for (const listener of listeners) {
      listener.stillViewer().then(
        (viewer) => {
          listener.viewer = viewer
          listener.response.write(': still here\n\n')
        },
        () => drop(listener),
      )
    }
  }

  changes.subscribe(announce)
  const heart = setInterval(beat, HEARTBEAT_MS)
  heart.unref()

  return {
    assertRoom: (viewer) => assertRoom(listeners, viewer),
    add: (response, viewer, stillViewer) => {
      const listener = { response, viewer, stillViewer }
      listeners.add(listener)
      response.once('close', () => listeners.delete(listener))
      response.write('retry: 2000\nevent: ready\ndata: {}\n\n')
    },
    close: () => {
      clearInterval(heart)
      for (const listener of listeners) drop(listener)
    },
  }
}

/** As after connecting: the pages ask for what they show. */
function tellAll(listeners: ReadonlySet<Listener>): void {
  for (const { response } of listeners) response.write('event: ready\ndata: {}\n\n')
}

function tell(hold: Hold, listeners: ReadonlySet<Listener>): void {
  const line = `event: hold\ndata: ${JSON.stringify({ id: hold.id, status: hold.status })}\n\n`
  for (const { response, viewer } of listeners) {
    if (response.writableLength > UNREAD_BYTES_MAX) response.destroy()
    else if (maySee(hold, viewer)) response.write(line)
  }
}

function assertRoom(listeners: ReadonlySet<Listener>, { person }: Viewer): void {
  const own = [...listeners].filter(({ viewer }) => samePerson(viewer.person, person)).length
  if (listeners.size >= STREAMS_MAX || own >= STREAMS_PER_PERSON_MAX)
    throw new ConsoleError('too_many_streams', 'Too many pages are open. Close some of them.')
}
