import { PassThrough } from 'node:stream'
import type { Identity } from '../../../policies/input.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { holdViewOf, type ViewSources } from '../hold-view.ts'
import type { HoldStreams } from './hold-stream.ts'

/** One hold as events, each the hold as its asker sees it. */
export function holdEvents(hold: Hold, asker: Identity, streams: HoldStreams, views: ViewSources): PassThrough {
  const response = new PassThrough()
  response.write('retry: 2000\n\n')
  let before = ''
  const tell = async (now: Hold): Promise<boolean> => {
    const view = await holdViewOf(now, views)
    const data = JSON.stringify(view)
    if (data !== before) response.write(`event: hold\ndata: ${data}\n\n`)
    before = data
    // Hold and result are read one after the other: a hold that still waits has news to come, whatever its result says.
    const open = view.status === 'pending' || (view.status === 'approved' && view.result.state !== 'not_run')
    return open || view.result.state === 'running'
  }
  streams.follow({ holds: [hold.id], asker, response, tell })
  return response
}
