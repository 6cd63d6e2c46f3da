import { openLog } from '../../../log.ts'
import { startProxies } from '../../../proxy/processes.ts'

/** A process of its own that keeps two fake proxies, for tests that kill it. */
const [notes] = process.argv.slice(2)
await startProxies({
  entry: `${import.meta.dirname}/fake-proxy.ts`,
  arguments: ['good', notes as string],
  env: process.env,
  count: 2,
  drainMs: 10_000,
  log: openLog({ level: 'silent', process: 'test' }),
})
process.stdout.write('up\n')
