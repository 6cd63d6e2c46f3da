/**
 * search_path as the server reads it: a list of identifiers, folded unless quoted, cut at 63 bytes.
 * https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATH
 *
 * @returns null for what is not such a list: the server would have refused it
 */
export function parseSearchPath(setting: string): readonly string[] | null {
  const names: string[] = []
  let rest = setting.trimStart()
  if (rest === '') return names
  for (;;) {
    const match = /^(?:"((?:[^"]|"")*)"|([^\s,"]+))\s*/.exec(rest)
    if (match === null) return null
    names.push(identifier(match[1]?.replaceAll('""', '"') ?? fold(match[2] ?? '')))
    rest = rest.slice(match[0].length)
    if (rest === '') return names
    if (!rest.startsWith(',')) return null
    rest = rest.slice(1).trimStart()
  }
}

/** PostgreSQL folds ASCII only in a multi-byte encoding. */
export function fold(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

const NAME_BYTES_MAX = 63

/** The name as the server keeps it: cut at 63 bytes, never inside a character. */
export function identifier(name: string): string {
  if (name.length * 3 <= NAME_BYTES_MAX || Buffer.byteLength(name) <= NAME_BYTES_MAX) return name
  let bytes = 0
  let cut = ''
  for (const character of name) {
    bytes += Buffer.byteLength(character)
    if (bytes > NAME_BYTES_MAX) return cut
    cut += character
  }
  return cut
}
