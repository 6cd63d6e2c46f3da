import { SessionError } from './errors.ts'

const required: ReadonlyMap<string, string> = new Map([
  ['client_encoding', 'UTF8'],
  ['standard_conforming_strings', 'on'],
])

/** Were one of these otherwise, the server would read another text than was judged. */
export function checkReading(setting: string, value: string): void {
  const wanted = required.get(setting)
  if (wanted === undefined || wanted === value) return
  throw new SessionError('settings_changed', `${setting} must stay ${wanted}`)
}
