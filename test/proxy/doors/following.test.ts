import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'

let stand: DoorsStand
beforeAll(async () => {
  stand = await openDoorsStand()
}, 60_000)
afterAll(() => stand[Symbol.asyncDispose]())

interface Seen {
  readonly status: string
  readonly result: { readonly state: string }
}

/** Until the server ends it. */
async function follow(id: string, name = 'ana', first: () => void = () => undefined): Promise<readonly Seen[]> {
  const response = await fetch(`${stand.base}/v1/holds/${id}/events`, {
    headers: { authorization: `Bearer ${await stand.token(name)}` },
  })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const seen: Seen[] = []
  let rest = ''
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    const events = (rest + decoder.decode(bytes, { stream: true })).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1]
      if (data === undefined) continue
      seen.push(JSON.parse(data))
      if (seen.length === 1) first()
    }
  }
  return seen
}

const ask = async (returning = ''): Promise<string> =>
  (await stand.statement('ana', `UPDATE orders SET status = 'paid' ${returning}`)).body.hold.id

test('a hold is followed from pending to its result', async () => {
  const id = await ask('RETURNING id')
  const seen = await follow(id, 'ana', () => void stand.answer(id, 'approve'))
  expect(seen[0]).toMatchObject({ status: 'pending', result: { state: 'waiting' } })
  expect(seen.at(-1)).toMatchObject({ status: 'executed', result: { state: 'ready' } })
}, 30_000)

test('a hold is followed to its rejection, and one that was answered before ends at once', async () => {
  const id = await ask()
  const seen = await follow(id, 'ana', () => void stand.answer(id, 'reject'))
  expect(seen.at(-1)).toMatchObject({ status: 'rejected' })
  expect(await follow(id)).toMatchObject([{ status: 'rejected' }])
}, 30_000)

test('nobody follows somebody else’s', async () => {
  const id = await ask()
  expect((await stand.call('ben', 'GET', `/v1/holds/${id}/events`)).status).toBe(404)
})

test('the API is described by a valid document, made of the schemas that check it', async () => {
  const document = (await (await fetch(`${stand.base}/openapi.json`)).json()) as {
    readonly openapi: string
    readonly servers: object
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  }
  expect(document.openapi).toMatch(/^3\.1/)
  expect(document.servers).toEqual([{ url: stand.base }])
  expect(Object.keys(document.paths).sort()).toEqual([
    '/v1/holds',
    '/v1/holds/{id}',
    '/v1/holds/{id}/break-glass',
    '/v1/holds/{id}/events',
    '/v1/holds/{id}/reason',
    '/v1/holds/{id}/result',
    '/v1/targets/{environment}/{database}/statements',
  ])
  const ajv = new Ajv2020({ strict: false })
  for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path))) {
    expect(operation.summary).toBeTruthy()
    for (const refused of ['4XX', '5XX'])
      expect(Object.keys(operation.responses[refused]?.content ?? {})).toEqual(['application/problem+json'])
    expect(Object.values(operation.responses).map(({ description }) => description)).not.toContain('Default Response')
    for (const schema of schemasOf(operation)) expect(ajv.validateSchema(schema), JSON.stringify(ajv.errors)).toBe(true)
  }
  const statements = document.paths['/v1/targets/{environment}/{database}/statements']?.post as Operation
  const body = ajv.compile(statements.requestBody?.content['application/json']?.schema as object)
  expect(body({ sql: 'SELECT 1', parameters: [1, null], onHold: 'defer' })).toBe(true)
  expect(body({ parameters: [] })).toBe(false)
  expect(Object.keys(statements.responses['202']?.headers ?? {})).toEqual(['Location', 'Retry-After'])
  const events = document.paths['/v1/holds/{id}/events']?.get as Operation
  expect(Object.keys(events.responses['200']?.content ?? {})).toEqual(['text/event-stream'])
  const held = ajv.compile(statements.responses['202']?.content?.['application/json']?.schema as object)
  expect(held((await stand.statement('ana', "UPDATE orders SET status = 'open'")).body)).toBe(true)
})

interface Content {
  readonly [type: string]: { readonly schema: object }
}

interface Operation {
  readonly summary: string
  readonly requestBody?: { readonly content: Content }
  readonly parameters?: readonly { readonly schema: object }[]
  readonly responses: Readonly<Record<string, Answer>>
}

interface Answer {
  readonly description: string
  readonly headers?: object
  readonly content?: Content
}

function schemasOf({ requestBody, parameters = [], responses }: Operation): readonly object[] {
  const contents = [requestBody?.content, ...Object.values(responses).map(({ content }) => content)]
  return [
    ...parameters.map(({ schema }) => schema),
    ...contents.flatMap((content) => Object.values(content ?? {}).map(({ schema }) => schema)),
  ]
}
