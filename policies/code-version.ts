import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * A name for the code that compiles, checks and tests policies: all of this folder's own, and the SDK that runs the
 * modules. What is kept of an answer is kept under it, so that a change of either asks again; nobody has to think of it.
 */
export function codeVersion(): string {
  known ??= hashOf(import.meta.dirname)
  return known
}

let known: string | null = null

/** @param folder of the code */
export function hashOf(folder: string): string {
  const hash = createHash('sha256')
  const add = (name: string, bytes: Buffer): void => {
    hash.update(`${name} ${bytes.length}:`).update(bytes)
  }
  for (const file of globSync('**/*.ts', { cwd: folder }).sort()) add(file, readFileSync(join(folder, file)))
  add(SDK, readFileSync(join(packageFolder(SDK), 'package.json')))
  return hash.digest('hex')
}

const SDK = '@open-policy-agent/opa-wasm'

/** It does not export its package.json, so its folder is found by what it does export. */
function packageFolder(name: string): string {
  const main = createRequire(import.meta.url).resolve(name)
  return main.slice(0, main.lastIndexOf(name) + name.length)
}
