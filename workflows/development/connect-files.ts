import { join } from 'node:path'
import { writePrivately } from './data-folder.ts'

/**
 * A password file for psql: a token has some 600 characters, and a line to paste should not.
 * https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
export function writePasswordFile(
  dataFolder: string,
  port: number,
  people: readonly { readonly name: string; readonly token: string }[],
): string {
  const file = join(dataFolder, 'pgpass')
  const entry = (text: string): string => text.replaceAll(/([\\:])/g, '\\$1')
  const lines = people.map(({ name, token }) => ['127.0.0.1', port, '*', entry(name), entry(token)].join(':'))
  writePrivately(file, `${lines.join('\n')}\n`)
  return file
}
