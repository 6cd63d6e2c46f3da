import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { OPA_VERSION } from '../../policies/opa-release.ts'
import { lineOfInput } from '../../workflows/replay/input-file.ts'
import { asked, bot, relation } from './asked.ts'
import { opa, POLICIES } from './default-policy.ts'

/** The README of the policies, followed to the letter in a copy, as a team's repository is. */
const readme = readFileSync(join(POLICIES, 'README.md'), 'utf8')
const HOLDPOINT = join(POLICIES, '../holdpoint.ts')

let fork: string
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  fork = mkdtempSync(join(tmpdir(), 'holdpoint-fork-'))
  const isCode = (path: string): boolean => path.endsWith('.ts')
  cpSync(POLICIES, fork, { recursive: true, filter: (path) => !isCode(path) })
  env = { ...process.env, HOLDPOINT_DATA: join(fork, '.data'), HOLDPOINT_OPA: await opa() }
}, 180_000)
afterAll(() => rmSync(fork, { recursive: true }))

/** A line of a `sh` block. */
async function holdpoint(line: string): Promise<string> {
  const [program, ...args] = line.split(' ')
  expect(program).toBe('holdpoint')
  const { stdout } = await promisify(execFile)(process.execPath, [HOLDPOINT, ...args], { cwd: fork, env })
  return stdout
}

interface Block {
  readonly language: string
  readonly text: string
  /** The file that the sentence before it names last. */
  readonly file: string | undefined
}

function blocksOf(section: string): readonly Block[] {
  const text = readme.slice(readme.indexOf(`\n## ${section}\n`))
  const end = text.indexOf('\n## ', 4)
  const own = end === -1 ? text : text.slice(0, end)
  return [...own.matchAll(/([^\n]*)\n\n```(\w+)\n([\s\S]*?)```/g)].map(
    ([, before = '', language = '', block = '']) => ({
      language,
      text: block,
      file: [...before.matchAll(/`([\w/]+\.rego)`/g)].at(-1)?.[1],
    }),
  )
}

test('teaches a rule in five minutes: every line works as it stands', async () => {
  const recorded = join(fork, 'recorded-inputs.jsonl')
  const deleting = asked({ tag: 'DELETE', effects: ['write'], relations: [relation('orders', ['delete'])] }, bot)
  writeFileSync(recorded, lineOfInput({ digest: 'a', input: deleting, decisions: 4 }))
  const said: string[] = []
  for (const { language, text, file } of blocksOf('A rule in five minutes')) {
    if (language === 'rego') {
      expect(existsSync(join(fork, file as string)), `${file} was begun by policy new`).toBe(true)
      writeFileSync(join(fork, file as string), text)
      continue
    }
    for (const line of text.trim().split('\n')) {
      // There is no state database here; what was recorded comes from a file.
      const source = line.includes(' replay ') ? ` --against ${POLICIES} --from ${recorded}` : ''
      said.push(await holdpoint(line + source))
    }
  }
  const [begun, checked, tested, explained, replayed] = said
  expect(begun).toBe('rules/agents/deletes_orders.rego\nrules/agents/deletes_orders_test.rego\n')
  expect(checked).toMatch(/^\d+ policy files are valid\n$/)
  expect(tested).toMatch(/PASS: (\d+)\/\1\n/)
  expect(explained).toMatch(/mode +shadow\n +reads +identity\.kind, statement\.relations/)
  expect(replayed).toMatch(/^0 of 4 decisions would differ[\s\S]*newly fire: agents\.deletes_orders/)
  // And its last step: out of the shadow.
  const rule = join(fork, 'rules/agents/deletes_orders.rego')
  writeFileSync(
    rule,
    readFileSync(rule, 'utf8')
      .replace(/# {3}mode: shadow\n/, '')
      .replace(/mode := .*\n\n/, ''),
  )
  expect(
    await holdpoint(`holdpoint policy replay --path . --against ${POLICIES} --from ${recorded} --no-tests`),
  ).toMatch(/^4 of 4 decisions would differ[\s\S]*hold, with other reviewers|allow → hold/)
}, 180_000)

test('shows an exception that the check takes', async () => {
  const [{ text } = { text: '' }] = blocksOf('Exceptions')
  const file = /^# (\S+)/.exec(text)?.[1] as string
  cpSync(POLICIES, join(fork, 'other'), { recursive: true, filter: (path) => !path.endsWith('.ts') })
  rmSync(join(fork, 'other', 'data', 'exceptions'), { recursive: true, force: true })
  cpSync(join(POLICIES, 'data'), join(fork, 'other', 'data'), { recursive: true })
  const at = join(fork, 'other', file)
  await promisify(execFile)('mkdir', ['-p', join(fork, 'other', 'data', 'exceptions')])
  writeFileSync(at, text)
  expect(await holdpoint('holdpoint policy test --path other --coverage 90')).toMatch(/PASS: (\d+)\/\1\n/)
}, 180_000)

interface Workflow {
  readonly jobs: {
    readonly policies: {
      readonly steps: readonly {
        readonly run?: string
        readonly uses?: string
        readonly with?: Readonly<Record<string, string>>
      }[]
    }
  }
}

test('has a workflow that does what the command line does, with the OPA that is pinned', async () => {
  const { jobs } = parse(readFileSync(join(POLICIES, '.github/workflows/policies.yml'), 'utf8')) as Workflow
  const runs = jobs.policies.steps.flatMap(({ run }) => (run === undefined ? [] : [run]))
  const commands = runs.filter((run) => run.startsWith('holdpoint policy'))
  expect(commands.map((command) => command.split(' ')[2])).toEqual(['check', 'test', 'build', 'replay'])
  const help = await holdpoint('holdpoint policy --help')
  for (const command of commands) expect(help).toContain(`  ${command.split(' ')[2]} `)
  const setup = jobs.policies.steps.find(({ uses }) => uses?.startsWith('open-policy-agent/setup-opa'))
  expect(setup?.with?.version).toBe(`v${OPA_VERSION}`)
})

test('gives every area of rules an owner, and what can weaken the rest an owner of its own', () => {
  const owners = readFileSync(join(POLICIES, 'CODEOWNERS'), 'utf8')
  const lines = owners.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  for (const line of lines) expect(line).toMatch(/^\S+ @your-org\/[\w-]+$/)
  for (const file of ['/data/modes.yaml', '/data/exceptions/', '/manifest.yaml', '/CODEOWNERS', '/.github/'])
    expect(
      lines.some((line) => line.startsWith(`${file} `)),
      file,
    ).toBe(true)
  const named = lines
    .map((line) => line.split(' ')[0] as string)
    .filter((path) => path !== '*' && path !== '/data/exceptions/')
  for (const path of named) expect(existsSync(join(POLICIES, path)), path).toBe(true)
})
