import { Command } from 'commander'
import pg from 'pg'
import { auditCommand } from '../../../workflows/trail/command.ts'

/** `audit` as a program of its own: its folder, its state database (or -), then its arguments. */
const [folder, url, ...given] = process.argv.slice(2) as [string, string, ...string[]]
await new Command('holdpoint')
  .addCommand(
    auditCommand({
      folder: () => folder,
      openPool: () => (url === '-' ? null : new pg.Pool({ connectionString: url })),
      now: Date.now,
    }),
  )
  .parseAsync(['audit', ...given], { from: 'user' })
