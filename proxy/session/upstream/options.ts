import { SessionError } from '../errors.ts'

/**
 * The startup parameter `options`, read as PostgreSQL reads a command line: white space separates, a backslash takes
 * the next character as it is, and `-c name=value` or `--name=value` is a setting. Nothing else is taken.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS
 */
export function parseOptions(options: string): readonly (readonly [name: string, value: string])[] {
  const words = splitWords(options)
  const settings: (readonly [string, string])[] = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string
    if (word === '-c') settings.push(setting(words[++index] ?? ''))
    else if (word.startsWith('--')) settings.push(setting(word.slice(2)))
    else if (word.startsWith('-c')) settings.push(setting(word.slice(2)))
    else throw new SessionError('parameter_refused', 'options may only hold -c name=value', { sqlstate: '42601' })
  }
  return settings
}

function setting(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new SessionError('parameter_refused', 'options: -c requires name=value', { sqlstate: '42601' })
  return [text.slice(0, at).replaceAll('-', '_'), text.slice(at + 1)]
}

const SPACE = /[ \t\n\v\f\r]/

function splitWords(text: string): readonly string[] {
  const words: string[] = []
  let word: string | null = null
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string
    if (SPACE.test(character)) {
      if (word !== null) words.push(word)
      word = null
    } else {
      word = (word ?? '') + (character === '\\' ? (text[++index] ?? '') : character)
    }
  }
  if (word !== null) words.push(word)
  return words
}
