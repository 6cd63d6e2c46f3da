import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningHoldpoint, startHoldpoint } from '../harness/holdpoint.ts'
import { hasProgram, type Ran, run } from '../harness/psql.ts'

/** Drivers of other languages, and what tools built on them read before anybody types: the same as directly. */
let holdpoint: RunningHoldpoint
let through: string
let direct: string
const clients = join(import.meta.dirname, 'clients')

beforeAll(async () => {
  holdpoint = await startHoldpoint()
  through = holdpoint.identity('ana').postgres
  direct = holdpoint.ready.upstream
}, 180_000)
afterAll(() => holdpoint?.[Symbol.asyncDispose]())

async function same(ask: (url: string) => Promise<Ran>): Promise<Ran> {
  const [ours, theirs] = await Promise.all([ask(through), ask(direct)])
  expect(ours.stderr).toBe(theirs.stderr)
  expect(ours.stdout.split('\n')).toEqual(theirs.stdout.split('\n'))
  expect(ours.status).toBe(0)
  return ours
}

/** Debian's, which has Debian's modules. */
const PYTHON = '/usr/bin/python3'

async function hasModules(...modules: readonly string[]): Promise<boolean> {
  if (!existsSync(PYTHON)) return false
  return (await run(PYTHON, ['-c', `import ${modules.join(', ')}`])).status === 0
}

describe('Python', () => {
  const programs = [
    { name: 'psycopg2', modules: ['psycopg2'], args: ['psycopg2-session.py'] },
    { name: 'psycopg', modules: ['psycopg'], args: ['psycopg-session.py'] },
    {
      name: 'SQLAlchemy on psycopg2, inspecting',
      modules: ['sqlalchemy', 'psycopg2'],
      args: ['sqlalchemy-metadata.py', 'psycopg2'],
    },
  ]
  for (const { name, modules, args } of programs) {
    test(name, async (context) => {
      if (!(await hasModules(...modules))) return context.skip(`no ${modules.join(' and ')} on this machine`)
      const [script = '', ...rest] = args
      const { stdout } = await same((url) => run(PYTHON, [join(clients, script), ...rest, url]))
      expect(JSON.parse(stdout)).toBeTypeOf('object')
    })
  }
})

const JDBC = '/usr/share/java/postgresql.jar'

describe.skipIf(!hasProgram('javac') || !existsSync(JDBC))('Java', () => {
  test('JDBC, telling what there is', { timeout: 60_000 }, async () => {
    const { stdout } = await same((address) => {
      const { hostname, port, pathname, username, password } = new URL(address)
      const url = `jdbc:postgresql://${hostname}:${port}${pathname}?sslmode=disable`
      const [user, secret] = [username, password].map(decodeURIComponent) as [string, string]
      return run('java', ['-cp', JDBC, join(clients, 'Metadata.java'), url, user, secret])
    })
    expect(stdout).toMatch(/^columns\|.*\|orders\|status\|/m)
  })
})
