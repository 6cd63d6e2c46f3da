import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { z } from 'zod'
import { checkAnsweringData } from './answering-data.ts'
import { readBundle } from './bundle.ts'
import { checkData } from './check-data.ts'
import { CAPABILITIES, cachedBundle } from './content-key.ts'
import { describeRules } from './describe-rules.ts'
import { PolicyError } from './errors.ts'
import { keepKnown, knownBefore } from './known-before.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { type RuleDescription, ruleDescription } from './rule-description.ts'
import { RunError, run } from './run.ts'
import { checkedSchema } from './schema.ts'

/** A policy as it is run: the module, its data, and one digest over both and the manifest. */
export interface CompiledPolicy {
  readonly wasm: Buffer
  /** JSON, as OPA merged it from policies/data. */
  readonly data: Buffer
  /** SHA-256 (hex) of manifest, data and module: what the trail names as the release that decided. */
  readonly digest: string
  readonly manifest: Manifest
  /** What its rules say about themselves and which facts each of them reads. */
  readonly rules: readonly RuleDescription[]
}

/** What working on policies needs besides their folder. */
export interface Toolchain {
  /** Where OPA is, or how to get it: asked only when something has to be compiled. */
  readonly opa: string | (() => Promise<string>)
  readonly cacheFolder: string
  readonly progress: (line: string) => void
}

export interface Compilation extends Toolchain {
  /** The folder with rules/, data/, manifest.yaml. */
  readonly path: string
}

export const ENTRYPOINT = 'holdpoint/decision'
const TIMEOUT_MS = 120_000
const WAIT_MS_MAX = 5 * 60_000
/**
 * Checks and compiles, once for each content: the cache is keyed by everything that goes in, OPA's version included.
 * @throws PolicyError policy_invalid with OPA's own findings, opa_unavailable
 */
export async function compilePolicies(compilation: Compilation): Promise<CompiledPolicy> {
  const manifest = readManifest(compilation.path)
  const cached = cachedBundle(compilation.cacheFolder, compilation.path)
  const before = fromCache(cached, manifest)
  if (before !== null) return before
  const making = { file: cached, waitMsMax: WAIT_MS_MAX, what: 'the compiled policies', progress: compilation.progress }
  return oneAtATime(making, async () => {
    const meanwhile = fromCache(cached, manifest)
    if (meanwhile !== null) return meanwhile
    await build(compilation, manifest, cached)
    return fromBundle(cached, manifest)
  })
}

const describedAs = z.array(ruleDescription)

function describedRules(cached: string): string {
  return cached.replace(/\.tar\.gz$/, '.rules.json')
}

async function build(compilation: Compilation, manifest: Manifest, cached: string): Promise<void> {
  const opa = typeof compilation.opa === 'string' ? compilation.opa : await compilation.opa()
  compilation.progress('compiling the policies')
  const rules = await checkedRules(opa, compilation, manifest)
  checkData(compilation.path, rules, Date.now())
  const partial = `${cached}.${randomBytes(4).toString('hex')}.partial`
  const target = ['-t', 'wasm', '-e', ENTRYPOINT, '--capabilities', CAPABILITIES, '--ignore', '*_test.rego']
  try {
    // The module names the files it was made of: seen from their folder, they are the same wherever that is.
    const files = sources(compilation.path).map((folder) => relative(compilation.path, folder))
    await opaRun(opa, ['build', ...target, '-o', resolve(partial), ...files], compilation.path)
    writeFileSync(`${partial}.rules`, JSON.stringify(rules))
    renameSync(`${partial}.rules`, describedRules(cached))
    renameSync(partial, cached)
  } finally {
    rmSync(`${partial}.rules`, { force: true })
    rmSync(partial, { force: true })
  }
}

/** What the rules say of themselves, once OPA has checked them. @throws PolicyError policy_invalid */
export async function checkedRules(
  opa: string,
  { cacheFolder, path }: Pick<Compilation, 'cacheFolder' | 'path'>,
  manifest: Manifest,
): Promise<readonly RuleDescription[]> {
  const passed = (rules: readonly RuleDescription[]): boolean => describedAs.safeParse(rules).success
  const asKnown = { cacheFolder, path, what: 'checked', passed } as const
  const known = knownBefore(asKnown)
  if (known !== null) return known
  await checkPolicies(opa, path, manifest)
  const rules = await describeRules(opa, path)
  keepKnown(asKnown, rules)
  return rules
}

/** Types, names and builtins, tests included. @throws PolicyError policy_invalid */
export async function checkPolicies(opa: string, path: string, manifest: Manifest): Promise<void> {
  checkAnsweringData(path)
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-check-'))
  try {
    const schema = join(folder, 'input.json')
    writeFileSync(schema, JSON.stringify(checkedSchema(manifest)))
    await opaRun(opa, ['check', '--strict', '--schema', schema, '--capabilities', CAPABILITIES, ...sources(path)])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function sources(path: string): string[] {
  return [join(path, 'rules'), join(path, 'data')].filter((folder) => existsSync(folder))
}

async function opaRun(opa: string, args: readonly string[], cwd = '.'): Promise<void> {
  try {
    await run(resolve(opa), args, { timeoutMs: TIMEOUT_MS, cwd })
  } catch (error) {
    const said = error instanceof RunError ? `${error.stderr}${error.stdout}`.trim() : ''
    throw new PolicyError('policy_invalid', `The policies are not valid:\n${said || 'OPA did not run to its end'}`, {
      hint: 'holdpoint policy check shows the same',
    })
  }
}

function fromCache(cached: string, manifest: Manifest): CompiledPolicy | null {
  try {
    return fromBundle(cached, manifest)
  } catch {
    return null // not there, or damaged: made again
  }
}

function fromBundle(cached: string, manifest: Manifest): CompiledPolicy {
  const files = readBundle(readFileSync(cached))
  const rules = describedAs.parse(JSON.parse(readFileSync(describedRules(cached), 'utf8')))
  const wasm = files.get('/policy.wasm')
  const data = files.get('/data.json')
  if (wasm === undefined || data === undefined) throw new RangeError('a bundle without module or data')
  return { wasm, data, digest: policyDigest({ manifest, data, wasm }), manifest, rules }
}

/** The same on every machine for the same files, so that what was looked at can be told from what was not. */
export function policyDigest({ manifest, data, wasm }: Pick<CompiledPolicy, 'manifest' | 'data' | 'wasm'>): string {
  const hash = createHash('sha256')
  for (const part of [Buffer.from(JSON.stringify(manifest)), data, wasm]) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex')
}
