import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createConsole } from '../../../bot/console/server.ts'
import { releaseCommand } from '../../../bot/release-command/release-command.ts'
import { keepRelease } from '../../../workflows/releases/store.ts'
import { inTransaction } from '../../../workflows/state/transaction.ts'
import { type ConsoleUnderTest, startConsole } from '../console/console-under-test.ts'

let site: ConsoleUnderTest
let server: FastifyInstance
let url: string
const commit = 'a'.repeat(40)
const RULES = { minApprovals: 1, codeOwnersRequired: false, approvalsOnlyWithin: 'policies' }
const newer = 'b'.repeat(40)

beforeAll(async () => {
  site = await startConsole()
  const { github } = site.parts.config.releases
  // Ben and Cleo are the administrators here, Ana is none.
  const config = { ...site.parts.config, releases: { github: { ...github, administrators: 'dba' } } }
  server = await createConsole({ ...site.parts, config })
  url = await server.listen({ host: '127.0.0.1', port: 0 })
  for (const one of [commit, newer]) {
    const release = {
      ...{
        commit: one,
        follows: null,
        repository: 'acme/policies',
        repositoryId: 7,
        branch: 'main',
        folder: 'policies',
      },
      ...{ digest: one, package: Buffer.alloc(1), changes: ['Rule a.b added.'], files: {}, rules: RULES, answers: [] },
      pulls: [{ number: 3, title: 'T', author: 'ana', reviewers: ['ben'], head: one, commit: one }],
    }
    await inTransaction(site.pool, (client) => keepRelease(client, release, new Date()))
  }
  await site.pool.query('UPDATE followed_branch SET verified = $1', [newer])
})
afterAll(async () => {
  await server.close()
  await site[Symbol.asyncDispose]()
})

async function run(token: string | undefined, ...args: readonly string[]): Promise<string> {
  let said = ''
  const write = (text: string): void => {
    said += text
  }
  await releaseCommand({ token, consoleUrl: () => url, write }).parseAsync(args, { from: 'user' })
  return said
}

test('the list says which release is in force and who reviewed it', async () => {
  const said = await run(await site.token('ana'), 'list')
  expect(said).toMatch(/^\* bbbbbbbbbbbb .* #3 reviewed by ben$/m)
  expect(said).toMatch(/^ {2}aaaaaaaaaaaa /m)
})

test('what nobody had to approve is said to be so, with the folder', async () => {
  const [{ pulls }] = (await site.pool.query('SELECT pulls FROM release WHERE commit = $1', [newer])).rows as [
    { pulls: object[] },
  ]
  const outside = { ...pulls[0], number: 4, reviewers: [], outside: 'policies' }
  await site.pool.query('UPDATE release SET pulls = $2 WHERE commit = $1', [newer, JSON.stringify([outside, ...pulls])])
  const said = await run(await site.token('ana'), 'show', newer)
  expect(said).toContain('#4 outside policies/, so no approvals were counted; #3 reviewed by ben\n')
  expect(said).toContain(
    '    Merges that touch policies/ or CODEOWNERS needed an approval that counts; for others none',
  )
})

test('why the branch is refused or not looked at is said with what to do', async () => {
  const refused = 'c'.repeat(40)
  const problem = { commit: refused, since: 'then', findings: [{ check: 'approvals', pull: 4, text: 'Nobody did.' }] }
  const failure = { text: 'GitHub answers 404', hint: 'Give access', since: 'then', told: false }
  await site.pool.query('UPDATE followed_branch SET problem = $1, failure = $2', [
    JSON.stringify(problem),
    JSON.stringify(failure),
  ])
  const said = await run(await site.token('ana'), 'list')
  await site.pool.query('UPDATE followed_branch SET problem = NULL, failure = NULL')
  expect(said).toContain(`x cccccccccccc approvals: Nobody did.\n  If a reviewer only lost`)
  expect(said).toContain(`\n  Keep what is there: git push origin ${refused}:refs/heads/again\n`)
  expect(said).toContain('x GitHub answers 404, since then\n  Give access\n')
})

test('nothing that others wrote drives the terminal, and a commit that is none is said to be', async () => {
  const [{ changes }] = (await site.pool.query('SELECT changes FROM release WHERE commit = $1', [commit])).rows
  const drawn = JSON.stringify(['\u001b[2J\u001b]0;title\u0007 \u202e'])
  await site.pool.query('UPDATE release SET changes = $2 WHERE commit = $1', [commit, drawn])
  const said = await run(await site.token('ana'), 'show', commit)
  await site.pool.query('UPDATE release SET changes = $2 WHERE commit = $1', [commit, JSON.stringify(changes)])
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(said).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  expect(said).toContain('⟨U+001B⟩[2J')
  await expect(run(await site.token('ana'), 'show', 'f'.repeat(40))).rejects.toThrow(/no verified release fff/)
})

test('two administrators pin an earlier release, each with a token of theirs', async () => {
  const asked = await run(await site.token('ben'), 'pin', commit, '--reason', 'It denies everything')
  const id = /^\? (pin_\S+): /m.exec(asked)?.[1] as string
  await expect(run(await site.token('ben'), 'confirm', id)).rejects.toThrow('nobody pins a release alone')
  await expect(run(await site.token('ana'), 'confirm', id)).rejects.toThrow('Only members of dba')
  expect(await run(await site.token('cleo'), 'confirm', id)).toMatch(/^! aaaaaaaaaaaa [\s\S]*^! pinned until /m)
  expect(await run(await site.token('ben'), 'unpin')).toMatch(/^\* bbbbbbbbbbbb /m)
})

test('without a token it says what to do', async () => {
  await expect(run(undefined, 'list')).rejects.toMatchObject({ code: 'no_token' })
})
