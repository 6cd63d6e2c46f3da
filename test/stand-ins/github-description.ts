import { createRequire } from 'node:module'
import { Ajv, type ValidateFunction } from 'ajv'

/**
 * GitHub's published OpenAPI description (npm @octokit/openapi): what a request may look like, what an answer must look
 * like, and for each answer an example that GitHub recorded.
 */
interface Operation {
  readonly parameters?: readonly Json[]
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Json }>> }
  readonly responses: Readonly<Record<string, Json>>
}
type Json = { [key: string]: unknown }
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, Json>>>>
}

export interface FoundOperation {
  readonly name: string
  readonly parameters: Readonly<Record<string, string>>
}

export interface GitHubDescription {
  /** null: GitHub has no such operation. */
  find(method: string, path: string): FoundOperation | null
  /** What is wrong with a request; empty: nothing. */
  problemsOfRequest(name: string, query: object, body: unknown): readonly string[]
  problemsOfAnswer(name: string, status: number, body: unknown): readonly string[]
  /** The recorded example of an answer, as a fresh copy. */
  example(name: string, status?: number): unknown
}

const description = createRequire(import.meta.url)('@octokit/openapi/generated/api.github.com.json') as Description
let made: GitHubDescription | null = null

export function gitHubDescription(): GitHubDescription {
  made ??= describe(withNulls(description) as Description)
  return made
}

function describe({ paths, components }: Description): GitHubDescription {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, coerceTypes: 'array' })
  const exact = new Ajv({ strict: false, validateFormats: false, allErrors: true })
  for (const one of [ajv, exact]) one.addSchema({ $id: 'github', components })
  const compiled = new Map<string, ValidateFunction>()
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ name: `${method.toUpperCase()} ${path}`, matches: pattern(method, path) })),
  )
  const operationOf = (name: string): Operation => {
    const [method = '', path = ''] = name.split(' ')
    return paths[path]?.[method.toLowerCase()] as Operation
  }
  const resolve = (node: Json): Json => {
    const reference = typeof node.$ref === 'string' ? node.$ref.replace('github#/', '').split('/') : null
    return reference === null
      ? node
      : (reference.reduce<unknown>((at, key) => (at as Json)[key], { components }) as Json)
  }
  const validator = (key: string, by: Ajv, schema: () => Json): ValidateFunction => {
    const known = compiled.get(key) ?? by.compile(schema())
    compiled.set(key, known)
    return known
  }
  const problems = (validate: ValidateFunction, value: unknown): readonly string[] =>
    validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  const contentOf = (name: string, status: number): Json | null => {
    const answer = operationOf(name).responses[String(status)]
    const content = answer === undefined ? undefined : (resolve(answer).content as Json | undefined)
    return (content?.['application/json'] as Json | undefined) ?? null
  }

  return {
    find(method, path) {
      for (const { name, matches } of operations) {
        const found = matches(method, path)
        if (found !== null) return { name, parameters: found }
      }
      return null
    },
    problemsOfRequest(name, query, body) {
      const { parameters = [], requestBody } = operationOf(name)
      const inQuery = parameters.map(resolve).filter((one) => one.in === 'query')
      const asked = validator(`query ${name}`, ajv, () => ({
        type: 'object',
        properties: Object.fromEntries(inQuery.map((one) => [one.name as string, one.schema as Json])),
        required: inQuery.filter(({ required }) => required === true).map((one) => one.name),
        additionalProperties: false,
      }))
      const schema = requestBody?.content?.['application/json']?.schema
      const given = schema === undefined ? null : validator(`body ${name}`, exact, () => schema)
      return [...problems(asked, { ...query }), ...(given === null ? [] : problems(given, body ?? {}))]
    },
    problemsOfAnswer(name, status, body) {
      if (operationOf(name).responses[String(status)] === undefined) return [`no answer ${status}`]
      const schema = contentOf(name, status)?.schema as Json | undefined
      return schema === undefined
        ? []
        : problems(
            validator(`${status} ${name}`, exact, () => schema),
            body,
          )
    },
    example(name, status = 200) {
      const examples = Object.values((contentOf(name, status)?.examples ?? {}) as Record<string, Json>)
      return structuredClone(resolve(examples[0] as Json).value)
    },
  }
}

function pattern(method: string, path: string): (asked: string, at: string) => Readonly<Record<string, string>> | null {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string)
  const text = path
    .replaceAll(/[.+]/g, '\\$&')
    .replaceAll(/\{(\w+)\}/g, (_, name) => (name === 'ref' || name === 'path' ? '(.+)' : '([^/]+)'))
  const shape = new RegExp(`^${text}$`)
  return (asked, at) => {
    if (asked.toLowerCase() !== method) return null
    const found = shape.exec(at)
    if (found === null) return null
    return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1] as string)]))
  }
}

/** OpenAPI 3.0 says `nullable` where JSON Schema says `null`; and references are made to lead to the one document. */
function withNulls(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withNulls)
  if (typeof node !== 'object' || node === null) return node
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(node as Json).map(([key, value]) => [
      key,
      key === 'example' || key === 'examples' ? exampleOf(key, value) : withNulls(value),
    ]),
  )
  if (typeof rest.$ref === 'string') rest.$ref = rest.$ref.replace(/^#/, 'github#')
  return nullable === true ? { anyOf: [rest, { type: 'null' }] } : rest
}

/** Recorded answers stay as they are; only the references to them are followed. */
function exampleOf(key: string, value: unknown): unknown {
  if (key === 'example' || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      const reference = (one as { $ref?: unknown } | null)?.$ref
      return [name, typeof reference === 'string' ? { $ref: reference.replace(/^#/, 'github#') } : one]
    }),
  )
}
