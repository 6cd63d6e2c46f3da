import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGate, type Gate, type JudgedCatalog, type Judgement } from '../../proxy/gate.ts'
import { ana, cleo, development, type GateStand, openGateStand } from './gate-stand.ts'

let stand: GateStand
beforeAll(async () => {
  stand = await openGateStand('CREATE TABLE filled (id int, body text);')
})
afterAll(() => stand[Symbol.asyncDispose]())

const rules = ({ decision }: Judgement): readonly string[] => decision.rules.map(({ id }) => id)
const long = (characters: number): string => 'x'.repeat(characters)

const large: readonly (readonly [string, string])[] = [
  ['one literal', `SELECT length('${long(1 << 20)}')`],
  ['a comment', `SELECT 1 /* ${long(1 << 20)} */`],
  ['many conditions', `SELECT 1 FROM filled WHERE id = 1${' OR id = 2'.repeat(10_000)}`],
  ['many rows', `INSERT INTO filled (id) VALUES ${Array.from({ length: 50_000 }, (_, id) => `(${id})`).join(', ')}`],
  ['many values', `SELECT 1 FROM filled WHERE id IN (${Array.from({ length: 50_000 }, (_, id) => id).join(', ')})`],
  ['many queries', `SELECT id FROM filled${' UNION ALL SELECT id FROM filled'.repeat(10_000)}`],
  ['many statements', 'SELECT 1;'.repeat(10_000)],
]

describe('B12 while a large text is judged', () => {
  test.for(large)('of %s, the statements of others are judged', async ([_, text]) => {
    const order: string[] = []
    const judged = Promise.resolve(stand.gate.judge(text, stand.session(development))).then((judgements) => {
      order.push('the large one')
      return judgements
    })
    // Were it read in this thread, it would be done before the first of these has its turn.
    for (let statement = 0; statement < 3; statement++) {
      await new Promise((resolve) => setImmediate(resolve))
      expect(stand.gate.judge(`SELECT ${statement} AS another`, stand.session({ identity: cleo }))).toMatchObject([
        { decision: { outcome: 'allow' } },
      ])
      order.push('another')
    }
    for (const judgement of await judged) expect(judgement.decision.outcome, rules(judgement).join()).toBe('allow')
    expect(order).toEqual(['another', 'another', 'another', 'the large one'])
  })
})

describe('a large text', () => {
  test('is judged by what it does, wherever in it that stands', async () => {
    const { decision, facts } = await stand.judge(`/* ${long(100_000)} */ DELETE FROM filled`)
    expect(facts.flags).toEqual(['no_where'])
    expect(decision.outcome).toBe('hold')
  })

  test('gets the server’s own answer for what is not SQL and for what is not there', async () => {
    expect(await stand.judge(`/* ${long(100_000)} */ SELEC`)).toMatchObject({ nativeError: { sqlstate: '42601' } })
    expect(await stand.judge(`SELECT '${long(100_000)}' FROM nowhere`)).toMatchObject({
      nativeError: { sqlstate: '42P01', position: 100_016 },
    })
  })

  test('is not held when nobody can be shown all of it', async () => {
    const judgement = await stand.judge(`INSERT INTO filled SELECT 1, email || '${long(1 << 20)}' FROM customers`)
    expect(rules(judgement)).toEqual(['gate.too_long_to_review'])
    expect((await stand.judge("INSERT INTO filled SELECT 1, email || 'x' FROM customers")).decision.outcome).toBe(
      'hold',
    )
  })

  test('means what its names mean when it is read, not when it came', async () => {
    let path = 'elsewhere'
    const session = { ...stand.session({ identity: ana }) }
    Object.defineProperty(session, 'searchPath', { get: () => path, enumerable: true })
    const judged = stand.gate.judge(`/* ${long(100_000)} */ SELECT id FROM filled`, session)
    path = 'public'
    expect(await judged).toMatchObject([
      { facts: { unresolved: [], relations: [{ schema: 'public', name: 'filled' }] } },
    ])
  })

  test('is judged again when definitions change meanwhile', async () => {
    const text = `SELECT * FROM renewed /* ${long(100_000)} */`
    const catalog: { -readonly [Key in keyof JudgedCatalog]: JudgedCatalog[Key] } = {
      snapshot: stand.catalog.snapshot,
      pending: null,
    }
    const gate: Gate = createGate({ catalogs: new Map([['prod/shop', catalog]]), policy: () => stand.policy })
    const judged = gate.judge(text, stand.session({ identity: cleo }))
    const change = async (): Promise<void> => {
      await stand.client.query('CREATE TABLE renewed (iban text)')
      await stand.catalog.refresh()
      catalog.snapshot = stand.catalog.snapshot
      catalog.pending = null
    }
    catalog.pending = change()
    expect(await judged).toMatchObject([{ facts: { unresolved: [], columns: [{ relation: 'renewed' }] } }])
  })
})
