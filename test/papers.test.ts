import { existsSync, globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { environmentPaths, loadConfig } from '../config.ts'

/** What can be checked of the papers and container files without a reader and without a container engine. */
const textOf = (path: string): string => readFileSync(path, 'utf8')
const readme = textOf('README.md')

describe('the README', () => {
  const rows = [...readme.matchAll(/^\| `([\w.]+)` \| `(HOLDPOINT_\w+)` \|/gm)].map(([, path, name]) => ({
    path,
    name,
  }))

  test('lists every setting, under a name that works', () => {
    const paths = environmentPaths()
    for (const { path, name } of rows) expect(paths.get(name as string), name).toBe(path)
    expect(new Set(rows.map(({ path }) => path))).toEqual(new Set(paths.values()))
  })

  test('tells every SQLSTATE of ours that a client may get', () => {
    const state =
      /sqlstate: '((?=\w*\d)[0-9A-Z]{5})'|^ {2}\w+: '((?=\w*\d)[0-9A-Z]{5})'|refusedBecause\('([0-9A-Z]{5})'/gm
    const sources = globSync('proxy/{session,wire}/**/*.ts')
    const emitted = sources.flatMap((path) => [...textOf(path).matchAll(state)].map((match) => match.slice(1).join('')))
    expect(emitted).toContain('YH001')
    const told = new Set([...readme.matchAll(/`([0-9A-Z]{5})`/g)].map(([, code]) => code))
    expect([...new Set(emitted)].filter((code) => !told.has(code))).toEqual([])
  })

  test.each(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'])('%s links to files that exist', (paper) => {
    const links = [...textOf(paper).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path as string)
    expect(links.filter((path) => !existsSync(path))).toEqual([])
  })
})

test('the architecture page names every room that there is, and no other', () => {
  const drawing = /```\n(holdpoint\.ts[\s\S]*?)```/.exec(textOf('ARCHITECTURE.md'))?.[1] ?? ''
  const named = new Set([...drawing.matchAll(/^ *([\w-]+)\/ /gm)].map(([, name]) => name as string))
  const rooms = globSync('{proxy,policies,workflows,bot,proxy/*,workflows/*,bot/*}/').map((path) =>
    path.replace(/\/$/, '').replace(/^.*\//, ''),
  )
  const built = rooms.filter((name) => globSync(`{.,proxy,workflows,bot}/${name}/**/*.ts`).length > 0)
  expect(built.filter((name) => !named.has(name))).toEqual([])
  expect([...named].filter((name) => !rooms.includes(name))).toEqual([])
})

test('the example configuration is one', () => {
  const config = loadConfig({}, {}, 'holdpoint.example.yaml')
  expect(config).toMatchObject({ mode: 'production', targets: [{ name: 'prod/shop' }] })
})

interface Service {
  readonly image?: string
  readonly build?: string
  readonly ports?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly secrets?: readonly string[]
  readonly networks?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: object
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: object
  readonly networks: object
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
}

describe('docker-compose.yml', () => {
  const compose = parse(textOf('docker-compose.yml'), { merge: true }) as Compose
  const services = Object.entries(compose.services)
  const pinned = /^[\w./-]+:\d+\.\d+(\.\d+)?(-[\w.]+)?$/

  test.each(services)(
    '%s runs a pinned image, says when it is well, and is open to this machine only',
    (_, service) => {
      expect(service.image).toMatch(pinned)
      expect(service.build ?? service.healthcheck).toBeDefined()
      for (const published of service.ports ?? []) expect(published).toMatch(/^127\.0\.0\.1:/)
    },
  )

  test.each(services)('%s names only what there is', (_, service) => {
    const known = (names: readonly string[] | undefined, of: object) =>
      expect((names ?? []).filter((name) => !(name in of))).toEqual([])
    known(service.networks, compose.networks)
    known(service.secrets, compose.secrets)
    known(Object.keys(service.depends_on ?? {}), compose.services)
    known(
      service.volumes?.map((volume) => volume.split(':')[0] as string),
      compose.volumes,
    )
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {}))
      expect(condition === 'service_healthy' && compose.services[name]?.healthcheck).toBeTruthy()
  })

  test('gives Holdpoint only settings that it has', () => {
    const names = services.flatMap(([, { environment }]) => Object.keys(environment ?? {}))
    const ours = names.filter((name) => name.startsWith('HOLDPOINT_') && name !== 'HOLDPOINT_CONFIG')
    expect(ours).toContain('HOLDPOINT_STATE_URL')
    expect(ours.filter((name) => !environmentPaths().has(name))).toEqual([])
  })

  test('runs roles that the command line has', () => {
    const roles = services.filter(([, { build }]) => build).map(([, { command }]) => command?.[0])
    expect(roles).toEqual(['proxy', 'worker', 'bot'])
    for (const role of roles) expect(textOf('holdpoint.ts')).toMatch(new RegExp(`^ {2}${role}: async`, 'm'))
  })

  test('needs no file that is not there or in the README’s lines', () => {
    const files = Object.values(compose.secrets).map(({ file }) => file.replace('./', ''))
    for (const file of files) expect(existsSync(file) || readme.includes(file), file).toBe(true)
  })
})

describe('Dockerfile', () => {
  const lines = textOf('Dockerfile')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  const argumentsOf = (keyword: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${keyword} `)).map((line) => line.slice(keyword.length + 1))

  test('builds on pinned images, with the Node and the OPA of this project', () => {
    const images = argumentsOf('FROM').map((from) => from.split(' ')[0] as string)
    const { dependencies } = JSON.parse(textOf('package.json'))
    for (const image of images) expect(image).toMatch(/:\d+\.\d+\.\d+-/)
    expect(images.at(-1)).toContain(`node:${dependencies.node}-`)
    expect(textOf('policies/opa-release.ts')).toContain(/opa:([\d.]+)-/.exec(images.join(' '))?.[1])
  })

  test('does not run as root, and says when it is well', () => {
    const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))
    const at = (keyword: string): number => last.findLastIndex((line) => line.startsWith(`${keyword} `))
    expect(last[at('USER')]).toBe('USER node')
    expect(at('USER')).toBeLessThan(at('ENTRYPOINT'))
    expect(at('HEALTHCHECK')).toBeGreaterThan(0)
  })

  test('copies what exists and the build is shown', () => {
    const sources = argumentsOf('COPY')
      .filter((copy) => !copy.startsWith('--from'))
      .flatMap((copy) => copy.split(' ').slice(0, -1))
    const shown = textOf('.dockerignore').split('\n')
    for (const source of sources) {
      expect(globSync(source), source).not.toEqual([])
      expect(shown, source).toContain(`!${source}`)
    }
  })

  test('takes every room that the command line imports', () => {
    const copied = argumentsOf('COPY').join(' ')
    const rooms = textOf('holdpoint.ts').matchAll(/import\('\.\/(\w+)\//g)
    for (const [, room] of rooms) expect(copied).toContain(`${room} ${room}`)
  })
})
