import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Identity } from '../../../policies/input.ts'
import { ana, openStage, person, reportBot, request, type Stage } from '../stage.ts'

/** Nobody can fill for everybody how much may be held. */
let stage: Stage
beforeAll(async () => {
  stage = await openStage({ pendingMax: 20, pendingPerAskerMax: 5 })
})
afterAll(() => stage[Symbol.asyncDispose]())

let names = 0
/** Somebody who has asked for nothing yet. */
function somebody(): Identity {
  const name = `asker-${++names}`
  return { ...ana, ...person(name), name }
}
const agentOf = (of: Identity): Identity => ({
  ...reportBot,
  actsFor: { issuer: of.issuer, subject: of.subject, name: of.name, groups: [] },
})
const ask = (identity: Identity) => stage.holds.create(request({ identity }))

test('one person has so many and no more, and others go on', async () => {
  const one = somebody()
  const holds = []
  for (let n = 0; n < 5; n++) holds.push(await ask(one))
  await expect(ask(one)).rejects.toMatchObject({
    code: 'too_many_of_asker',
    message: 'You have as many statements held as you may: 5',
    hint: expect.stringContaining('Withdraw some'),
  })
  await expect(ask(somebody())).resolves.toMatchObject({ status: 'pending' })
  // One that ends makes room for one.
  await stage.holds.withdraw(holds[0]?.id ?? '')
  await expect(ask(one)).resolves.toMatchObject({ status: 'pending' })
  await expect(ask(one)).rejects.toMatchObject({ code: 'too_many_of_asker' })
  for (const { id } of await stage.holds.list({ status: 'pending' })) await stage.holds.withdraw(id)
})

test('who asks again for what is held already is refused nothing', async () => {
  const one = somebody()
  const asked = Array.from({ length: 5 }, () => request({ identity: one }))
  for (const each of asked) await stage.holds.create(each)
  const [first] = asked
  if (first === undefined) throw new Error('there are five')
  await expect(stage.holds.create(first)).resolves.toMatchObject({ status: 'pending' })
  for (const { id } of await stage.holds.list({ status: 'pending' })) await stage.holds.withdraw(id)
})

test('an agent’s count for its person, and a service’s for whom it belongs to', async () => {
  const one = somebody()
  const service: Identity = { ...somebody(), kind: 'service', provenBy: 'service_token' }
  const { issuer, subject, name } = service
  await stage.directory.upsert({ issuer, subject, name, kind: 'service', groups: [], owner: person(one.name) })
  for (const identity of [agentOf(one), agentOf(one), service, service, one]) await ask(identity)
  for (const identity of [one, agentOf(one), service])
    await expect(ask(identity)).rejects.toMatchObject({ code: 'too_many_of_asker' })
  await expect(ask(agentOf(somebody()))).resolves.toMatchObject({ status: 'pending' })
  for (const { id } of await stage.holds.list({ status: 'pending' })) await stage.holds.withdraw(id)
})

test('many at once are not more than one after the other', async () => {
  const one = somebody()
  const asked = Array.from({ length: 25 }, (_, n) => ask(n % 2 === 0 ? one : agentOf(one)))
  const made = (await Promise.allSettled(asked)).filter(({ status }) => status === 'fulfilled')
  expect(made).toHaveLength(5)
  expect(await stage.holds.list({ status: 'pending' })).toHaveLength(5)
  for (const { id } of await stage.holds.list({ status: 'pending' })) await stage.holds.withdraw(id)
})

test('a name that the state database cannot keep as it is counts as what it keeps', async () => {
  const odd: Identity = { ...somebody(), subject: 'a\0\ud800b' }
  for (let n = 0; n < 5; n++) await ask(odd)
  await expect(ask(odd)).rejects.toMatchObject({ code: 'too_many_of_asker' })
  for (const { id } of await stage.holds.list({ status: 'pending' })) await stage.holds.withdraw(id)
})

test('everybody together has so many and no more', async () => {
  for (let n = 0; n < 20; n++) await ask(somebody())
  await expect(ask(somebody())).rejects.toMatchObject({ code: 'too_many' })
})
