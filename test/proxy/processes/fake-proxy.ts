import { appendFileSync } from 'node:fs'
import type { FromProxy, ToProxy } from '../../../proxy/process-messages.ts'

/** Stands in for a proxy process: says what happens to it in a file, and does what its arguments tell it. */
const [mode, notes, , number] = process.argv.slice(2)
const note = (text: string): void => appendFileSync(notes as string, `${number} ${text} ${process.pid}\n`)
const tell = (message: FromProxy): void => void process.send?.(message)

process.on('message', (message: ToProxy) => {
  if (message.kind === 'cancel') return note(`cancel:${Buffer.from(message.key).toString('hex')}`)
  if (message.kind === 'definitions') return note(`definitions:${message.target}`)
  note('stop')
  if (mode !== 'deaf') process.exit(0)
})
process.on('disconnect', () => {
  note('orphaned')
  process.exit(0)
})
process.on('SIGUSR2', () => {
  tell({ kind: 'cancel', key: Buffer.from('c0ffee', 'hex') })
  tell({ kind: 'definitions', target: 'prod/shop' })
})

if (mode === 'failing') tell({ kind: 'failed', message: 'There is no database to protect.', hint: 'Name one' })
else {
  note('ready')
  tell({ kind: 'ready', port: 4_000 })
}
