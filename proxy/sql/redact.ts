import { type Node, scanSync } from 'libpg-query'
import { typeOf } from './tree.ts'

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
  /pass|secret|token|key|credential|:\/\/|mapping|server|subscription|wrapper|connection|foreign|crypt|hmac|pwd/i

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

const secretName = /pass(word|wd|phrase)?|secret|token|credential|private|api_?key|(^|[._])key$|pwd/i

const keyedCalls = /\b(pgp_(sym|pub)_\w+|encrypt(_iv)?|decrypt(_iv)?|hmac|crypt|dblink\w*)\s*\(/i

/** @param node null for a text that cannot be parsed: then no string constant in it is kept if it looks suspicious */
export function redact(text: string, node: Node | null): Redacted {
  if (!suspicious.test(text)) return { text, hasSecret: false }
  try {
    if (node !== null && 'VariableSetStmt' in node && isSecretName(node.VariableSetStmt.name ?? ''))
      return { text: text.replace(settingValue, `$1 ${MASK}`), hasSecret: true }
    if (node === null || everyString(text, node)) return replaced(text, () => MASK)
    return replaced(text, partly)
  } catch {
    // It cannot even be cut into words: a constant without an end is all that follows.
    return { text: `${/^[^'$]*/.exec(text)?.[0] ?? ''}***`, hasSecret: true }
  }
}

/** Whether a setting of this name holds something that is not to be shown. */
export function isSecretName(name: string): boolean {
  return secretName.test(name)
}

function everyString(text: string, node: Node): boolean {
  const type = typeOf(node) ?? ''
  if (secretive.has(type)) return true
  if (type === 'CreateRoleStmt' || type === 'AlterRoleStmt') return /password/i.test(text)
  if ('AlterRoleSetStmt' in node) return isSecretName(node.AlterRoleSetStmt.setstmt?.name ?? '')
  if ('AlterDatabaseSetStmt' in node) return isSecretName(node.AlterDatabaseSetStmt.setstmt?.name ?? '')
  if ('AlterSystemStmt' in node) return isSecretName(node.AlterSystemStmt.setstmt?.name ?? '')
  if ('AlterTableStmt' in node) return node.AlterTableStmt.objtype === 'OBJECT_FOREIGN_TABLE'
  return keyedCalls.test(text) || (/set_config\s*\(/i.test(text) && secretName.test(text))
}

const inConnection = /\b(\w*(?:password|passwd|secret|token|pwd))(\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s'&]+)/gi
const inAddress = /(\w+:\/\/[^\s:/@']*:)[^\s@']+@/g
const inBody = /\b(password\s+)(E?'(?:[^']|'')*'|\$\w*\$[\s\S]*?\$\w*\$)/gi

/** A setting's value may be a bare word or a number. */
const settingValue = /(=|\bto\b)[\s\S]*$/i

/** What of one string constant is not secret. Bodies of functions and DO blocks are string constants, too. */
function partly(constant: string): string {
  return constant
    .replace(inConnection, (_, name: string, equals: string) => `${name}${equals}***`)
    .replace(inAddress, '$1***@')
    .replace(inBody, '$1***')
}

const stringConstant = /^(?:[EeNn]?'|[Uu]&'|\$\D)/

function replaced(text: string, replace: (constant: string) => string): Redacted {
  const bytes = Buffer.from(text)
  const pieces: string[] = []
  let from = 0
  let hasSecret = false
  for (const { start, end, text: token } of scanSync(text).tokens) {
    if (!stringConstant.test(token)) continue
    const constant = bytes.toString('utf8', start, end)
    const kept = replace(constant)
    if (kept === constant) continue
    hasSecret = true
    pieces.push(bytes.toString('utf8', from, start), kept)
    from = end
  }
  if (!hasSecret) return { text, hasSecret: false }
  return { text: pieces.join('') + bytes.toString('utf8', from), hasSecret: true }
}
