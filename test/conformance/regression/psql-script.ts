/**
 * Cuts a script into the statements that psql would send, as far as PostgreSQL's own regression files need it: meta
 * commands end a line, `\g` and its like end a statement, `\;` does not, COPY data is skipped, and variables are put in.
 * https://www.postgresql.org/docs/current/app-psql.html
 */
export function statementsOf(script: string, variables: Readonly<Record<string, string>> = {}): string[] {
  const cutter = new Cutter(script, { ...variables })
  cutter.cut()
  return cutter.statements
}

/** What must be taken whole: strings, names, comments, dollar quotes. */
const WHOLE =
  /(?:\b[eE]'(?:[^'\\]|\\[\s\S]|'')*')|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\$([A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$[\s\S]*?\$\1\$/y
const VARIABLE = /(?<!:):(?:'(\w+)'|"(\w+)"|(\w+))/y
const WORD = /[A-Za-z_][\w$]*/y
const META = /\\([a-z;!.?]+)([^\n]*)/iy
const COPY_DATA = /^(?:\s|--[^\n]*\n)*COPY\b[\s\S]*\bFROM\s+STDIN\b/i
const WORDS = /'((?:[^']|'')*)'|:'?(\w+)'?|\S+/g
const ENDS_STATEMENT = /^(g|gx|gset|gexec|gdesc|crosstabview|bind|watch)/

class Cutter {
  readonly statements: string[] = []
  readonly #script: string
  readonly #variables: Record<string, string>
  #at = 0
  #statement = ''
  #brackets = 0
  /** How many BEGIN ATOMIC and CASE are open: a semicolon in them ends nothing. */
  #bodies = 0
  /** There has been a \gset. */
  #stored = false

  constructor(script: string, variables: Record<string, string>) {
    this.#script = script
    this.#variables = variables
  }

  cut(): void {
    while (this.#at < this.#script.length) this.#step()
    this.#end()
  }

  #step(): void {
    const character = this.#script[this.#at] as string
    if (this.#script.startsWith('/*', this.#at)) this.#comment()
    else if (this.#take(WHOLE, (text) => text)) return
    else if (character === '\\' && this.#meta()) return
    else if (character === ':' && this.#take(VARIABLE, (_, match) => this.#valueOf(match))) return
    else if (this.#take(WORD, (word) => this.#word(word))) return
    else {
      this.#at++
      if ('(['.includes(character)) this.#brackets++
      if (')]'.includes(character)) this.#brackets = Math.max(0, this.#brackets - 1)
      if (character === ';' && this.#brackets + this.#bodies === 0) this.#end()
      else this.#statement += character
    }
  }

  #take(pattern: RegExp, textOf: (text: string, match: RegExpExecArray) => string): boolean {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#script)
    if (match === null) return false
    this.#at = pattern.lastIndex
    this.#statement += textOf(match[0], match)
    return true
  }

  #word(word: string): string {
    const lower = word.toLowerCase()
    if (/^\s*create\b/i.test(this.#statement) && /\b(function|procedure)\b/i.test(this.#statement)) {
      if (lower === 'atomic' || (lower === 'case' && this.#bodies > 0)) this.#bodies++
      if (lower === 'end' && this.#bodies > 0) this.#bodies--
    }
    return word
  }

  #comment(): void {
    let depth = 0
    const from = this.#at
    do {
      if (this.#script.startsWith('/*', this.#at)) depth++
      if (this.#script.startsWith('*/', this.#at)) depth--
      this.#at += /^(\/\*|\*\/)/.test(this.#script.slice(this.#at, this.#at + 2)) ? 2 : 1
    } while (depth > 0 && this.#at < this.#script.length)
    this.#statement += this.#script.slice(from, this.#at)
  }

  #meta(): boolean {
    META.lastIndex = this.#at
    const match = META.exec(this.#script)
    if (match === null) return false
    const [, command = '', rest = ''] = match
    if (command.startsWith(';')) {
      this.#at += 2
      this.#statement += ';'
      return true
    }
    this.#at = META.lastIndex
    if (ENDS_STATEMENT.test(command)) this.#end()
    if (command.startsWith('gset')) this.#stored = true
    if (/^(set|getenv)$/.test(command)) this.#assign(rest)
    return true
  }

  #assign(rest: string): void {
    const [name = '', ...values] = [...rest.matchAll(WORDS)]
      .slice(0, 20)
      .map(([word, quoted, variable]) => quoted?.replaceAll("''", "'") ?? this.#variables[variable ?? ''] ?? word)
    this.#variables[name] ??= values.join('')
  }

  /** What \gset stored is not known here: a number does for reading. */
  #valueOf([whole, quoted, named, bare]: RegExpExecArray): string {
    const value = this.#variables[quoted ?? named ?? bare ?? '']
    if (quoted !== undefined) return `'${(value ?? quoted).replaceAll("'", "''")}'`
    if (named !== undefined) return `"${value ?? named}"`
    return value ?? (this.#stored && /[\s(,=<>]$/.test(this.#statement) ? '1' : whole)
  }

  #end(): void {
    const statement = this.#statement.trim()
    this.#statement = ''
    this.#brackets = 0
    this.#bodies = 0
    if (statement === '') return
    this.statements.push(statement)
    if (!COPY_DATA.test(statement)) return
    const end = /^\\\.$/m.exec(this.#script.slice(this.#at))
    if (end !== null) this.#at += end.index + 2
  }
}
