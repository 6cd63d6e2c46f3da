import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureOpa, opaCacheFolder } from '../../policies/opa.ts'
import { downloadOpa } from '../../policies/opa-download.ts'
import { OPA_VERSION } from '../../policies/opa-release.ts'

let folder: string
let said: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdpoint-opa-'))
  said = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A program that answers `opa version`. */
function fakeOpa(path: string, version = OPA_VERSION): string {
  return program(path, `echo "Version: ${version}"`)
}

function program(path: string, script: string): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

interface Wish {
  readonly path?: string
  readonly PATH?: string
  readonly mirror?: string
}

const search = ({ path, PATH = join(folder, 'bin'), mirror = 'http://127.0.0.1:9' }: Wish = {}) =>
  ensureOpa({
    config: { path, mirror },
    env: { PATH: `${PATH}:/bin:/usr/bin` },
    cacheFolder: join(folder, 'cache'),
    progress: (line) => said.push(line),
    downloadTimeoutMs: 2_000,
  })

describe('ensureOpa', () => {
  test('takes the configured one before all others', async () => {
    fakeOpa(join(folder, 'bin/opa'))
    const own = fakeOpa(join(folder, 'own/opa'))
    await expect(search({ path: own })).resolves.toBe(own)
  })

  test('refuses a configured one of another version, and looks no further', async () => {
    fakeOpa(join(folder, 'bin/opa'))
    const old = fakeOpa(join(folder, 'old/opa'), '0.56.0')
    await expect(search({ path: old })).rejects.toThrow(/version 0\.56\.0, not 1\.22\.0/)
    await expect(search({ path: join(folder, 'nowhere') })).rejects.toThrow(/does not run/)
  })

  test('takes the one on PATH that has the pinned version', async () => {
    fakeOpa(join(folder, 'bin/opa'), '1.0.0')
    const right = fakeOpa(join(folder, 'bin2/opa'))
    await expect(search({ PATH: `${join(folder, 'bin')}:${join(folder, 'bin2')}` })).resolves.toBe(right)
  })

  test('builds it with Go into the cache, once, and finds it there afterwards', async () => {
    const counter = join(folder, 'count')
    program(
      join(folder, 'bin/go'),
      `[ "$1" = install ] || exit 0; echo x >> ${counter}; printf '#!/bin/sh\\necho "Version: ${OPA_VERSION}"\\n' > "$GOBIN/opa"; chmod +x "$GOBIN/opa"`,
    )
    const [one, two] = await Promise.all([search(), search()])
    expect(one).toBe(two)
    expect(one.startsWith(join(folder, 'cache'))).toBe(true)
    await search()
    expect(readFileSync(counter, 'utf8')).toBe('x\n')
    expect(said.some((line) => line.includes('with Go'))).toBe(true)
    expect(readdirSync(join(folder, 'cache')).filter((name) => !name.startsWith(`opa-${OPA_VERSION}`))).toEqual([])
  })

  test('says what was tried, and why each failed', async () => {
    fakeOpa(join(folder, 'bin/opa'), '1.21.0')
    program(join(folder, 'bin/go'), 'echo "no network" >&2; exit 1')
    const failure = expect(search()).rejects
    await failure.toThrow(/PATH: .*version 1\.21\.0[\s\S]*the cache:[\s\S]*download: [\s\S]*go install: no network/)
    await expect(search()).rejects.toMatchObject({
      code: 'opa_unavailable',
      hint: expect.stringContaining('HOLDPOINT_OPA'),
    })
  })

  test('keeps it in the user’s cache, which all data folders share', () => {
    expect(opaCacheFolder({ XDG_CACHE_HOME: '/x', HOME: '/h' }, '/d')).toBe('/x/holdpoint')
    expect(opaCacheFolder({ HOME: '/h' }, '/d')).toBe('/h/.cache/holdpoint')
    expect(opaCacheFolder({}, '/d')).toBe('/d/cache')
  })
})

describe('downloadOpa', () => {
  let server: Server
  let mirror: string
  const release = Buffer.from('#!/bin/sh\necho opa\n')
  const sha256 = createHash('sha256').update(release).digest('hex')
  beforeEach(async () => {
    server = createServer((request, response) => {
      if (request.url?.startsWith('/slow/')) return
      const found = request.url === `/v${OPA_VERSION}/opa_linux_amd64_static`
      response.writeHead(found ? 200 : 404).end(found ? release : '')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  const download = (binary: Parameters<typeof downloadOpa>[1], from = mirror) => {
    const options = { config: { mirror: from }, progress: () => undefined, downloadTimeoutMs: 500 }
    return downloadOpa(options, binary, join(folder, 'opa'))
  }

  test('puts the official binary into place, executable', async () => {
    await download({ file: 'opa_linux_amd64_static', sha256 })
    expect(readFileSync(join(folder, 'opa'))).toEqual(release)
    expect(readdirSync(folder)).toEqual(['opa'])
  })

  test.each([
    {
      why: 'that is not the official one',
      file: 'opa_linux_amd64_static',
      sum: 'ab'.repeat(32),
      says: /SHA-256 differs/,
    },
    { why: 'whose checksum nobody recorded', file: 'opa_linux_amd64_static', sum: null, says: /no checksum/ },
    { why: 'that is not there', file: 'opa_other', sum: sha256, says: /answered 404/ },
  ])('leaves nothing of a binary $why', async ({ file, sum, says }) => {
    await expect(download({ file, sha256: sum })).rejects.toThrow(says)
    expect(existsSync(join(folder, 'opa'))).toBe(false)
  })

  test('gives up on a mirror that is silent or away, and on a platform without a binary', async () => {
    await expect(download({ file: 'x', sha256 }, `${mirror}/slow`)).rejects.toThrow(/did not answer in time/)
    await expect(download({ file: 'x', sha256 }, 'http://127.0.0.1:9')).rejects.toThrow(/cannot be reached/)
    await expect(download(undefined)).rejects.toThrow(/no official static binary/)
  })
})
