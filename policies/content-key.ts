import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeVersion } from './code-version.ts'
import { readManifest } from './manifest.ts'
import { OPA_VERSION } from './opa-release.ts'
import { checkedSchema } from './schema.ts'

/**
 * Builtins that the module runs by itself. The others would be asked of the JavaScript SDK, which lacks most of them and
 * has some (sprintf, regex.split) that answer otherwise than OPA's own. Left out too: json.marshal, which escapes otherwise
 * than OPA's, and replace, which never ends when it has to replace nothing.
 */
export const CAPABILITIES = join(import.meta.dirname, 'capabilities.json')

/** Where the compiled policies of this content are kept, or will be. */
export function cachedBundle(cacheFolder: string, path: string): string {
  return join(cacheFolder, 'policies', `${contentKey(path)}.tar.gz`)
}

/** What goes into the module, in one order on every machine. Tests are not among it. */
export function policyFiles(path: string): readonly string[] {
  const files = globSync(['rules/**/*.rego', 'data/**/*.{yaml,yml,json}', 'manifest.yaml'], { cwd: path })
  return files.filter((file) => !file.endsWith('_test.rego')).sort()
}

function contentKey(path: string): string {
  const hash = createHash('sha256')
  const add = (part: Buffer): void => {
    hash.update(`${part.length}:`).update(part)
  }
  add(Buffer.from(`${codeVersion()} ${OPA_VERSION}`))
  add(readFileSync(CAPABILITIES))
  add(Buffer.from(JSON.stringify(checkedSchema(readManifest(path)))))
  for (const file of policyFiles(path)) {
    add(Buffer.from(file))
    add(readFileSync(join(path, file)))
  }
  return hash.digest('hex')
}
