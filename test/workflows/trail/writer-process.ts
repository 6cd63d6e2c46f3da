import { writeSync } from 'node:fs'
import { openTestJournal, shared, written } from './trail-folder.ts'

/** Writes statements until it is killed, and tells on stdout which were acknowledged: one number a line. */
const [folder, session, durability] = process.argv.slice(2) as [string, string, 'process' | 'disk']
const journal = await openTestJournal(folder, { durability, fileBytesMax: 50_000 })
for (let statement = 1; ; ) {
  const parameters = ['x'.repeat((statement * 37) % 4_000)]
  const before = statement
  for (let of = 0; of < 8; of++, statement++)
    journal.appendStatement('statement.intended', { session, statement, parameters, hold: null }, shared)
  await written(journal)
  for (let number = before; number < statement; number++) writeSync(1, `${number}\n`)
}
