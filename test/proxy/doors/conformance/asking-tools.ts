import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import {
  type InputRequests,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server'

/** What the conformance tool calls: tools that ask their caller something first. */
const PREFIX = 'test_input_required_result_'
const text = (of: string) => ({ content: [{ type: 'text' as const, text: of }] })

const ask = (message: string, field: string) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: { [field]: { type: 'string' } }, required: [field] },
  })
const confirm = () =>
  inputRequired.elicit({
    message: 'Please confirm',
    requestedSchema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
  })
const complete = (question: string, maxTokens: number) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: question } }],
    maxTokens,
  })
const question = (): InputRequests => ({ capital_question: complete('What is the capital of France?', 100) })
const name = (): InputRequests => ({ user_name: ask('What is your name?', 'name') })

const asked: Readonly<Record<string, () => InputRequests>> = {
  elicitation: name,
  sampling: question,
  list_roots: () => ({ client_roots: inputRequired.listRoots() }),
}
const stated: Readonly<Record<string, () => InputRequests>> = {
  request_state: () => ({ confirm: confirm() }),
  tampered_state: () => ({ confirm: confirm() }),
  multiple_inputs: () => ({
    ...name(),
    greeting: complete('Generate a greeting', 50),
    client_roots: inputRequired.listRoots(),
  }),
}

export function addAskingTools(server: McpServer): void {
  for (const [which, requests] of Object.entries(asked)) {
    register(server, which, (ctx) =>
      answered(ctx, requests()) ? text(said(ctx)) : inputRequired({ inputRequests: requests() }),
    )
  }
  for (const [which, requests] of Object.entries(stated)) {
    register(server, which, (ctx) => {
      const good = ctx.mcpReq.requestState() === which && answered(ctx, requests())
      return good
        ? text(`state-ok ${said(ctx)}`)
        : inputRequired({ inputRequests: requests(), requestState: sealed(which) })
    })
  }
  register(server, 'multi_round', multiRound)
  register(server, 'capabilities', (ctx) => capabilities(server, ctx))
  const missing = () => inputRequired({ inputRequests: question() })
  server.registerTool('test_missing_capability', { description: 'Wants sampling' }, async () => missing())
  server.registerTool('test_streaming_elicitation', { description: 'Asks' }, async () =>
    inputRequired({ inputRequests: name() }),
  )
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks first' }, async (ctx) => {
    const requests = { user_context: ask('What context should the prompt use?', 'context') }
    if (!answered(ctx, requests)) return inputRequired({ inputRequests: requests })
    return { messages: [{ role: 'user', content: { type: 'text', text: said(ctx) } }] }
  })
}

type Asked = ReturnType<typeof text> | ReturnType<typeof inputRequired>

function register(server: McpServer, which: string, answer: (ctx: ServerContext) => Asked): void {
  server.registerTool(PREFIX + which, { description: `Asks: ${which}` }, async (ctx) => answer(ctx))
}

function multiRound(ctx: ServerContext): Asked {
  const step1 = { step1: ask('Step 1: What is your name?', 'name') }
  const step2 = { step2: ask('Step 2: What is your favorite color?', 'color') }
  const state = ctx.mcpReq.requestState()
  if (state === 'two' && answered(ctx, step2)) return text(said(ctx))
  if (state === 'one' && answered(ctx, step1))
    return inputRequired({ inputRequests: step2, requestState: sealed('two') })
  return inputRequired({ inputRequests: step1, requestState: sealed('one') })
}

/** Asks only what the caller says it can answer. */
function capabilities(server: McpServer, ctx: ServerContext): Asked {
  const has = server.server.getClientCapabilities()
  const inputRequests = {
    ...(has?.elicitation === undefined ? {} : name()),
    ...(has?.sampling === undefined ? {} : question()),
  }
  return Object.keys(inputRequests).length === 0 || answered(ctx, inputRequests)
    ? text(said(ctx))
    : inputRequired({ inputRequests })
}

/** Every question with an answer of its kind, and those that say yes with what they were asked. */
function answered({ mcpReq: { inputResponses } }: ServerContext, requests: InputRequests): boolean {
  return Object.keys(requests).every((key) => {
    const response = inputResponse(inputResponses, key)
    return response.kind === 'elicit' ? response.content !== undefined : response.kind !== 'missing'
  })
}

function said({ mcpReq: { inputResponses } }: ServerContext): string {
  return JSON.stringify(inputResponses ?? {})
}

const KEY = randomBytes(32)
const mac = (state: string): Buffer => createHmac('sha256', KEY).update(state).digest()
const sealed = (state: string): string => `${state}.${mac(state).toString('base64url')}`

/** The state as it was sealed. @throws when somebody else sealed it */
export function unsealed(given: string): string {
  const [state = '', seal = ''] = given.split('.')
  const [ours, theirs] = [mac(state), Buffer.from(seal, 'base64url')]
  if (ours.length !== theirs.length || !timingSafeEqual(ours, theirs))
    throw new Error('The state was changed on the way')
  return state
}
