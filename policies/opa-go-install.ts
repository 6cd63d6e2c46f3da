import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { OPA_VERSION } from './opa-release.ts'
import { RunError, run } from './run.ts'

export interface GoInstall {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly progress: (line: string) => void
}

const TIMEOUT_MS = 10 * 60_000
const VERSION_TIMEOUT_MS = 30_000

/**
 * Builds OPA from source. The module's checksum is verified by Go against its sums database.
 * @throws Error with a message that says why not, fit for a list
 */
export async function installOpaWithGo(search: GoInstall, path: string): Promise<void> {
  const folder = mkdtempSync(join(dirname(path), 'go-install-'))
  const started = performance.now()
  const sayHowLong = (): void => {
    search.progress(`building OPA with Go (${Math.round((performance.now() - started) / 1_000)} s of about 75)`)
  }
  const ticker = setInterval(sayHowLong, 10_000)
  try {
    await run('go', ['version'], { timeoutMs: VERSION_TIMEOUT_MS, env: search.env }) // where it is missing, nothing is announced
    search.progress(`building OPA ${OPA_VERSION} with Go, once, about a minute`)
    const env = { ...search.env, GOBIN: folder, CGO_ENABLED: '0', GOOS: '', GOARCH: '' }
    await run('go', ['install', `github.com/open-policy-agent/opa@v${OPA_VERSION}`], { timeoutMs: TIMEOUT_MS, env })
    renameSync(join(folder, 'opa'), path)
  } catch (error) {
    throw new Error(reason(error))
  } finally {
    clearInterval(ticker)
    rmSync(folder, { recursive: true, force: true })
  }
}

function reason(error: unknown): string {
  if (!(error instanceof RunError)) return 'Go built it, but not to where it was expected'
  if (error.message.endsWith('ENOENT')) return 'Go is not installed'
  const last = error.stderr.trim().split('\n').at(-1) ?? ''
  return last === '' ? error.message : last.slice(0, 300)
}
