import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { ProxyError } from './errors.ts'

/**
 * The SQL that `holdpoint explain` is asked about, exactly: lenient decoding would explain another text than the server
 * would be sent, which refuses what is not UTF-8.
 * @throws ProxyError
 */
export async function explainedText(file: string | undefined, stdin: NodeJS.ReadableStream): Promise<string> {
  const bytes = file === undefined ? await buffer(stdin) : bytesOf(file)
  // As psql does with the mark that some editors put before UTF-8.
  if (isUtf8(bytes)) return bytes.toString('utf8').replace(/^\uFEFF/, '')
  throw new ProxyError('sql_not_utf8', `${file ?? 'Standard input'} is not UTF-8, so PostgreSQL would not read it.`, {
    hint: 'Convert it, as with iconv -f latin1 -t utf8',
  })
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new ProxyError('sql_unreadable', `${file} cannot be read (${why}).`, {
      cause: error,
      hint: 'Give --file a file of SQL that you may read',
    })
  }
}
