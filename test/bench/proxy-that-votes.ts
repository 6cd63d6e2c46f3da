import { loadConfig } from '../../config.ts'
import { openLog } from '../../log.ts'
import { ensureOpa, opaCacheFolder } from '../../policies/opa.ts'
import { startProxy } from '../../proxy/server.ts'
import { openWorkflows } from '../../workflows/workflows.ts'
import { castVote } from './vote-places.ts'

/** A proxy process that votes, too, when it is told to: what people answer arrives where the client waits. */
const [file = ''] = process.argv.slice(2)
const config = loadConfig(process.env, { mode: 'development' }, file)
const now = Date.now
const log = openLog({ level: 'error', process: 'proxy-that-votes' })
const cacheFolder = opaCacheFolder(process.env, config.data)
const opa = () => ensureOpa({ config: config.opa, env: process.env, cacheFolder, progress: () => undefined })
const proxy = await startProxy({ config, number: 1, opa, cancelElsewhere: () => undefined, log, now })
const workflows = await openWorkflows({ config, log, now })
process.on('message', (hold) => {
  castVote(workflows.holds, String(hold)).then(
    (voted) => process.send?.(voted),
    () => process.exit(1),
  )
})
process.once('disconnect', () => {
  const closed = proxy.close().then(() => workflows.close())
  closed.finally(() => process.exit(0)).catch(() => undefined)
})
process.send?.({ port: proxy.port })
