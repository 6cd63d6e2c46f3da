/** How secrets look inside of what is otherwise fit to be shown: a string constant, a comment, a setting's value. */

const secretName = /pass(word|wd|phrase)?|secret|token|credential|private|api_?key|(^|[._])key$|pwd/i

/** Whether a setting, an argument or a function of this name holds something that is not to be shown. */
export function isSecretName(name: string): boolean {
  return secretName.test(name)
}

const WORDS = 'password|passwd|passphrase|pass|secret|token|pwd|api_?key|access_?key|secret_?key'

/** `password=…` as libpq and shells read it; inside a string constant, its quotes are doubled. */
const inConnection = new RegExp(
  String.raw`\b(\w*(?:${WORDS}))(\s*=\s*)(''(?:[^']|'(?!'))*''|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s'"&;]+)`,
  'gi',
)
/** `scheme://user:password@host`: up to the last @, for a password may hold one. */
const inAddress = /(\w+:\/\/[^\s:/@']*:)[^\s']+@/g
const inJson = new RegExp(String.raw`("\w*(?:${WORDS})\w*"\s*:\s*)"(?:[^"\\]|\\.)*"`, 'gi')
/** A statement inside a body. */
const inBody = /\b(password\s+)(E?''(?:[^']|'(?!'))*''|E?'(?:[^']|'')*'|\$\w*\$[\s\S]*?\$\w*\$)/gi
/** A command line: `-u name:secret`, `--password secret`, a header. */
const inCommand =
  /(\s(?:-u|-p|--user|--pass(?:word)?|--token|--secret)[\s=]\s*|\b(?:bearer|basic)\s+)(?:"[^"]*"|[^\s'"]+)/gi

/** The text without what looks like a secret in it; the same text when nothing does. */
export function withoutSecrets(text: string): string {
  return text
    .replace(inConnection, (_, name: string, equals: string) => `${name}${equals}***`)
    .replace(inAddress, '$1***@')
    .replace(inJson, '$1"***"')
    .replace(inBody, '$1***')
    .replace(inCommand, '$1***')
}
