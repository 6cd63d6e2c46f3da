import { type Node, scanSync } from 'libpg-query'
import { isSecretName, withoutSecrets } from './secret-words.ts'
import { stringsOf, typeOf } from './tree.ts'

/**
 * Takes the secrets that SQL can hold out of a statement's text: passwords of roles, options of servers and user
 * mappings, connection strings, settings and arguments that are keys. What is taken out is a whole string constant,
 * or the part of one that is the secret; the rest stays byte for byte.
 */
export interface Redacted {
  readonly text: string
  readonly hasSecret: boolean
}

const MASK = `'***'`

/** Nothing below can be found in a text without one of these. */
const suspicious =
  /pass|secret|token|key|credential|:\/\/|mapping|server|subscription|wrapper|connection|foreign|crypt|hmac|digest|pwd|dblink|bearer|basic|program/i

/** The same in a text that nobody can read: the word that would say so may be misspelt. */
const suspiciousUnread = new RegExp(`${suspicious.source}|\\b(role|user|group|login)\\b`, 'i')

/** Statements whose every string constant may be a secret. */
const secretive = new Set([
  'CreateUserMappingStmt',
  'AlterUserMappingStmt',
  'CreateForeignServerStmt',
  'AlterForeignServerStmt',
  'CreateFdwStmt',
  'AlterFdwStmt',
  'CreateForeignTableStmt',
  'ImportForeignSchemaStmt',
  'CreateSubscriptionStmt',
  'AlterSubscriptionStmt',
])

/** Functions that take keys, passwords or connection strings; in a body they are found by their spelling. */
const keyedCalls = /\b(pgp_(sym|pub)_\w+|encrypt(_iv)?|decrypt(_iv)?|hmac|digest|crypt|dblink\w*)\s*\(/i

/** A statement with a password that is made by format or by joining strings. */
const putTogether = /\bpassword\s+(%|'\s*\|\|)/i

/**
 * @param node null for a text that cannot be parsed: then nothing is kept of it from where it looks suspicious
 * @param behind the text that an EXECUTE runs; null when it is not known
 */
export function redact(text: string, node: Node | null, behind: string | null = ''): Redacted {
  if (node === null) return unread(text)
  const executes = behind === null || isKeyed(behind)
  if (!executes && !suspicious.test(text)) return { text, hasSecret: false }
  try {
    if (isSecretName(settingOf(node))) return { text: text.replace(settingValue, `$1 ${MASK}`), hasSecret: true }
    if (!executes && !everyString(text, node)) return replaced(text, withoutSecrets)
    const { text: kept, hasSecret } = replaced(text, () => MASK)
    // What is bound to a parameter would be in the text otherwise.
    return { text: kept, hasSecret: hasSecret || /\$\d/.test(text) }
  } catch {
    return upTo(text, /['$]/)
  }
}

function unread(text: string): Redacted {
  return suspiciousUnread.test(text)
    ? upTo(text, new RegExp(`['$]|(?<=${suspiciousUnread.source})`, 'i'))
    : { text, hasSecret: false }
}

/** It cannot even be cut into words: whatever follows may be the secret. */
function upTo(text: string, place: RegExp): Redacted {
  const index = place.exec(text)?.index ?? 0
  return { text: `${text.slice(0, index).trimEnd()} ***`, hasSecret: true }
}

/** The setting that is set, whoever it is set for. */
function settingOf(node: Node): string {
  if ('VariableSetStmt' in node) return node.VariableSetStmt.name ?? ''
  if ('AlterRoleSetStmt' in node) return node.AlterRoleSetStmt.setstmt?.name ?? ''
  if ('AlterDatabaseSetStmt' in node) return node.AlterDatabaseSetStmt.setstmt?.name ?? ''
  return 'AlterSystemStmt' in node ? (node.AlterSystemStmt.setstmt?.name ?? '') : ''
}

/** Its value may be a bare word or a number. The role's or database's name comes first, and may be quoted. */
const settingValue = /(=|\bto\b)[\s\S]*$/i

function everyString(text: string, node: Node): boolean {
  const type = typeOf(node) ?? ''
  if (secretive.has(type)) return true
  if (type === 'CreateRoleStmt' || type === 'AlterRoleStmt') return /password/i.test(text)
  if ('AlterTableStmt' in node) return node.AlterTableStmt.objtype === 'OBJECT_FOREIGN_TABLE'
  return isKeyed(text) || callsByName(node)
}

function isKeyed(text: string): boolean {
  if (keyedCalls.test(text) || putTogether.test(text)) return true
  return /set_config\s*\(/i.test(text) && isSecretName(text)
}

/** A function or an argument that is called for what it takes: `create_secret(…)`, `f(api_key => …)`. */
function callsByName(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(callsByName)
  return Object.entries(value).some(([key, child]) => {
    if (key === 'FuncCall' && isSecretName(stringsOf((child as { funcname?: Node[] }).funcname).at(-1) ?? ''))
      return true
    if (key === 'NamedArgExpr' && isSecretName((child as { name?: string }).name ?? '')) return true
    return callsByName(child)
  })
}

/** String constants, and comments. */
const replaceable = /^(?:[EeNn]?'|[Uu]&'|\$\D|--|\/\*)/

function replaced(text: string, replace: (constant: string) => string): Redacted {
  const bytes = Buffer.from(text)
  const pieces: string[] = []
  let from = 0
  let hasSecret = false
  for (const { start, end, text: token } of scanSync(text).tokens) {
    if (!replaceable.test(token)) continue
    const constant = bytes.toString('utf8', start, end)
    const kept = /^(--|\/\*)/.test(token) ? withoutSecrets(constant) : replace(constant)
    if (kept === constant) continue
    hasSecret = true
    pieces.push(bytes.toString('utf8', from, start), kept)
    from = end
  }
  if (!hasSecret) return { text, hasSecret: false }
  return { text: pieces.join('') + bytes.toString('utf8', from), hasSecret: true }
}
