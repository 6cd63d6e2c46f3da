import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Remembered } from '../../../proxy/gate.ts'
import { analyseIfSmall } from '../../../proxy/sql/analyse.ts'
import { LargeTextError } from '../../../proxy/sql/errors.ts'
import { KEPT_CHARACTERS_MAX } from '../../../proxy/sql/kept-text.ts'
import { LargeTexts } from '../../../proxy/sql/large-texts.ts'
import { SMALL_CHARACTERS_MAX } from '../../../proxy/sql/parse.ts'
import { corpus } from './corpus.ts'
import { type Sample, sample } from './sample.ts'

let shop: Sample
const texts = new LargeTexts()

beforeAll(async () => {
  shop = await sample()
})

afterAll(async () => {
  texts.close()
  await shop[Symbol.asyncDispose]()
})

describe('a large text is read in a thread of its own', () => {
  test('which finds what would be found here, for every statement of the corpus', async () => {
    for (const sql of corpus) expect(await texts.analyse(sql, shop.names())).toEqual(shop.analyse(sql))
  }, 60_000)

  test('also in what a session knows that changes what names mean', async () => {
    const deletes = shop.remembered('DELETE FROM orders')
    const behind: Partial<Record<string, Remembered>> = {
      p: { ...deletes, text: 'EXECUTE q' },
      q: deletes,
      c: shop.remembered('SELECT email FROM public.customers'),
    }
    const session = shop.names({
      searchPath: 'shadow, public',
      temporaryRelations: new Set(['staff']),
      uncommitted: [{ kind: 'created', schema: 'public', name: 'made' }],
      preparedStatement: (name) => behind[name],
      cursor: (name) => behind[name],
    })
    for (const sql of [
      'SELECT * FROM customers; SELECT * FROM staff; SELECT * FROM made',
      'EXECUTE p',
      'EXECUTE nobody',
      'FETCH ALL FROM c; FETCH ALL FROM d; EXECUTE q',
      "SELECT 'ü€😀'; SELECT 1; SELEC",
      "SELECT 'ü€😀'; ALTER ROLE a PASSWORD 'hunter2'",
    ]) {
      const { text: _, ...names } = { text: sql, ...session }
      expect(await texts.analyse(sql, names)).toEqual(shop.analyse(sql, session))
    }
  })

  test('for as many statements as a text holds', async () => {
    const sql = Array.from({ length: 333 }, (_, id) => `DELETE FROM staff WHERE id = ${id}`).join(';')
    expect(await texts.analyse(sql, shop.names())).toEqual(shop.analyse(sql))
  })

  test('over the definitions that are in force, not those that it was told of before', async () => {
    await texts.analyse('SELECT 1', shop.names())
    await shop.client.query('CREATE TABLE new_here (email text)')
    await shop.catalog.refresh()
    const [analysis] = await texts.analyse('SELECT * FROM new_here', shop.names())
    expect(analysis?.facts.columns).toMatchObject([{ relation: 'new_here', labels: ['email'] }])
  })
})

describe('what is large', () => {
  test('is a long text', () => {
    expect(analyseIfSmall(`SELECT '${'x'.repeat(SMALL_CHARACTERS_MAX)}'`, shop.names())).toBeNull()
    expect(analyseIfSmall(`SELECT '${'x'.repeat(SMALL_CHARACTERS_MAX / 2)}'`, shop.names())).toHaveLength(1)
  })

  test('is a short text over much that is behind it', async () => {
    let sql = 'SELECT 1 AS a'
    for (let level = 0; level < 18; level++)
      sql = `WITH RECURSIVE t${level} (a, b) AS ((${sql}) UNION ALL SELECT b, a FROM t${level}) SELECT a, b AS c FROM t${level}`
    expect(analyseIfSmall(sql, shop.names())).toBeNull()
    expect(await texts.analyse(sql, shop.names())).toEqual(shop.analyse(sql))
  })
})

describe('of a text that is too long to be shown', () => {
  test('the beginning is kept, and what identifies the whole', () => {
    const [analysis] = shop.analyse(`SELECT '${'x'.repeat(KEPT_CHARACTERS_MAX)}'`)
    expect(analysis?.isKeptWhole).toBe(false)
    expect(analysis?.redactedText.slice(KEPT_CHARACTERS_MAX)).toMatch(
      /^ … \[1048585 characters in all, SHA-256 [0-9a-f]{64}\]$/,
    )
  })

  test('no half of a character is kept', () => {
    const [analysis] = shop.analyse(`SELECT '${'😀'.repeat(KEPT_CHARACTERS_MAX)}'`)
    expect(analysis?.redactedText.isWellFormed()).toBe(true)
  })
})

describe('a text that cannot be read in time', () => {
  const codeOf = (error: unknown): unknown => (error instanceof LargeTextError ? error.code : error)
  const slow = `SELECT '${'x'.repeat(8 * 1024 * 1024)}'`

  test('is given up', async () => {
    const impatient = new LargeTexts({ timeMsMax: 1 })
    await expect(impatient.analyse(slow, shop.names()).catch(codeOf)).resolves.toBe('too_long')
    impatient.close()
  })

  test('is given up when its thread ends, and the one behind it is read by another', async () => {
    const first = texts.analyse(slow, shop.names()).catch(codeOf)
    const second = texts.analyse('SELECT 1', shop.names())
    await new Promise((resolve) => setImmediate(resolve))
    texts.close()
    expect(await first).toBe('failed')
    expect(await second).toMatchObject([{ text: 'SELECT 1', facts: { effects: ['read'] } }])
  })

  test('waits for others only as long as there are few of them', async () => {
    const narrow = new LargeTexts({ waitingMax: 1 })
    const answers = await Promise.allSettled([1, 2, 3].map((n) => narrow.analyse(`SELECT ${n}`, shop.names())))
    narrow.close()
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(answers[2]).toMatchObject({ reason: { code: 'busy' } })
  })

  test('of one asker’s many, and another’s waits for one of them and not for all', async () => {
    const fair = new LargeTexts()
    const order: string[] = []
    const reads = (asker: string, n: number) =>
      fair.analyse(`SELECT ${n}`, shop.names(), asker).then(() => void order.push(asker))
    const flood = Array.from({ length: 20 }, (_, n) => reads('flood', n))
    await Promise.all([...flood, reads('ana', 1), reads('ben', 2), reads('ana', 3)])
    fair.close()
    expect(order.slice(0, 6)).toEqual(['flood', 'flood', 'ana', 'ben', 'flood', 'ana'])
    expect(order).toHaveLength(23)
  })

  test('and who sends more than may wait is refused, and nobody else', async () => {
    const fair = new LargeTexts({ waitingMax: 3 })
    const sent = Array.from({ length: 10 }, (_, n) => fair.analyse(`SELECT ${n}`, shop.names(), 'flood').catch(codeOf))
    expect(await fair.analyse('SELECT 1', shop.names(), 'ana')).toHaveLength(1)
    expect((await Promise.all(sent)).filter((answer) => answer === 'busy')).toHaveLength(6)
    fair.close()
  })
})
