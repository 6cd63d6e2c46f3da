import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStage, person, type Stage } from '../stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

const kim = { ...person('kim'), name: 'kim', kind: 'human' as const, groups: ['dba'] }

test('knows people by issuer and subject, never by name', async () => {
  await stage.directory.upsert({ ...kim, email: 'kim@example.org' })
  expect(await stage.directory.person(kim.issuer, kim.subject)).toEqual({
    ...kim,
    email: 'kim@example.org',
    active: true,
    owner: null,
  })
  expect(await stage.directory.person('https://other.example', kim.subject)).toBeNull()
  expect(await stage.directory.person(kim.issuer, 'kim')).toBeNull()
})

test('a sign-in brings groups up to date and forgets no e-mail it does not tell', async () => {
  await stage.directory.upsert({ ...kim, name: 'Kim', groups: [] })
  expect(await stage.directory.person(kim.issuer, kim.subject)).toMatchObject({
    name: 'Kim',
    email: 'kim@example.org',
    groups: [],
  })
})

test('a sign-in makes nobody active again', async () => {
  await stage.directory.setActive(kim.issuer, kim.subject, false)
  await stage.directory.upsert(kim)
  expect(await stage.directory.person(kim.issuer, kim.subject)).toMatchObject({ active: false })
})

test('finds who a Slack user has shown to be, in their workspace only', async () => {
  await stage.directory.linkSlack({ teamId: 'T1', userId: 'U1', ...person('ben') })
  expect(await stage.directory.personForSlack('T1', 'U1')).toMatchObject({ name: 'ben' })
  expect(await stage.directory.personForSlack('T2', 'U1')).toBeNull()
  await stage.directory.linkSlack({ teamId: 'T1', userId: 'U1', ...person('cleo') })
  expect(await stage.directory.personForSlack('T1', 'U1')).toMatchObject({ name: 'cleo' })
})

test('links nobody who is not known', async () => {
  await expect(stage.directory.linkSlack({ teamId: 'T1', userId: 'U9', ...person('zoe') })).rejects.toThrow()
})
