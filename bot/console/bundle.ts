import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'

/**
 * The pages as browsers want them, built once per content of `web/` and kept in the cache folder; the name of the
 * built folder is the hash of all that went in. Needs no network.
 */
export interface Asset {
  readonly name: string
  readonly type: 'text/javascript; charset=utf-8' | 'text/css; charset=utf-8'
  readonly body: Buffer
}

export interface Bundle {
  readonly script: string
  readonly style: string
  readonly assets: ReadonlyMap<string, Asset>
}

const WEB_FOLDER = join(import.meta.dirname, 'web')

export async function bundlePages(cacheFolder: string): Promise<Bundle> {
  const hash = sourceHash()
  const folder = join(cacheFolder, 'console', hash)
  const built = readBuilt(folder) ?? (await build(folder))
  const script = `console-${hash}.js`
  const style = `console-${hash}.css`
  const assets: readonly Asset[] = [
    { name: script, type: 'text/javascript; charset=utf-8', body: built.script },
    { name: style, type: 'text/css; charset=utf-8', body: built.style },
  ]
  return { script, style, assets: new Map(assets.map((asset) => [asset.name, asset])) }
}

interface Built {
  readonly script: Buffer
  readonly style: Buffer
}

function sourceHash(): string {
  const hash = createHash('sha256')
  const require = createRequire(import.meta.url)
  for (const name of ['preact', 'vite']) hash.update(`${name} ${require(`${name}/package.json`).version}\n`)
  for (const file of sources()) hash.update(`${basename(file)}\n`).update(readFileSync(file))
  return hash.digest('hex').slice(0, 16)
}

/** The folder, and the one module from elsewhere that ends up in the bundle. */
function sources(): readonly string[] {
  const own = readdirSync(WEB_FOLDER).sort()
  return [...own.map((name) => join(WEB_FOLDER, name)), join(import.meta.dirname, '..', 'text', 'visible-text.ts')]
}

function readBuilt(folder: string): Built | null {
  try {
    return { script: readFileSync(join(folder, 'console.js')), style: readFileSync(join(folder, 'console.css')) }
  } catch {
    return null // not built yet
  }
}

async function build(folder: string): Promise<Built> {
  const built = await run()
  mkdirSync(join(folder, '..'), { recursive: true })
  const draft = mkdtempSync(`${folder}-`)
  writeFileSync(join(draft, 'console.js'), built.script)
  writeFileSync(join(draft, 'console.css'), built.style)
  try {
    renameSync(draft, folder)
  } catch {
    rmSync(draft, { recursive: true }) // another process was first; its content is the same
  }
  return built
}

async function run(): Promise<Built> {
  const vite = await import('vite') // half a second to load, and needed only when the pages changed
  const result = await vite.build({
    root: WEB_FOLDER,
    configFile: false,
    envDir: false,
    publicDir: false,
    logLevel: 'silent',
    build: {
      write: false,
      target: 'es2023',
      cssCodeSplit: false,
      modulePreload: false,
      rolldownOptions: { input: join(WEB_FOLDER, 'main.tsx'), output: { codeSplitting: false } },
    },
    // Whatever NODE_ENV says: for development every element would carry its place in the source.
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: false } },
  })
  const [output] = [result].flat()
  if (output === undefined || !('output' in output)) throw new Error('vite built nothing')
  const script = output.output.find((item) => item.type === 'chunk')
  const style = output.output.find((item) => item.type === 'asset' && item.fileName.endsWith('.css'))
  if (script?.type !== 'chunk' || style?.type !== 'asset') throw new Error('vite built no script or no style sheet')
  return { script: Buffer.from(script.code), style: Buffer.from(style.source) }
}
