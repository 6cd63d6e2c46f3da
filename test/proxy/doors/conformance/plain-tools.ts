import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fromJsonSchema, type McpServer, type ServerContext } from '@modelcontextprotocol/server'

/** What the conformance tool calls: tools that answer by themselves. Their names and answers are the tool's to choose. */
export const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
/** A WAV file with no sample in it. */
const SILENCE = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA='

const text = (of: string) => ({ type: 'text' as const, text: of })
const image = { type: 'image' as const, data: PIXEL, mimeType: 'image/png' }
const resource = (uri: string, mimeType: string, of: string) => ({
  type: 'resource' as const,
  resource: { uri, mimeType, text: of },
})

const CONTENTS = {
  test_simple_text: [text('This is a simple text response for testing.')],
  test_image_content: [image],
  test_audio_content: [{ type: 'audio' as const, data: SILENCE, mimeType: 'audio/wav' }],
  test_embedded_resource: [resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  test_multiple_content_types: [
    text('Multiple content types test:'),
    image,
    resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ],
}

const STEP_MS = 50

export function addPlainTools(server: McpServer): void {
  for (const [name, content] of Object.entries(CONTENTS)) {
    server.registerTool(name, { description: `Answers ${name}` }, async () => ({ content }))
  }
  server.registerTool('test_error_handling', { description: 'Fails' }, async () => {
    throw new Error('This tool intentionally returns an error for testing')
  })
  server.registerTool('test_tool_with_progress', { description: 'Says how far it is' }, async (ctx) => {
    for (const progress of [0, 50, 100]) await step(() => sayProgress(ctx, progress))
    return { content: [text('done')] }
  })
  for (const name of ['test_tool_with_logging', 'test_logging_tool']) {
    server.registerTool(name, { description: 'Logs' }, async (ctx) => {
      for (const said of ['Tool execution started', 'Tool processing data', 'Tool execution completed'])
        await step(() => ctx.mcpReq.log('info', said))
      return { content: [text('logged')] }
    })
  }
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, 'schema-2020-12.json'), 'utf8'))
  const kept = { description: 'Its schema is kept', inputSchema: fromJsonSchema(schema) }
  server.registerTool('json_schema_2020_12_tool', kept, async () => ({ content: [text('kept')] }))
}

/** So that each notification is one of its own on the way. */
async function step(say: () => Promise<void>): Promise<void> {
  await say()
  await delay(STEP_MS)
}

async function sayProgress({ mcpReq }: ServerContext, progress: number): Promise<void> {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken === undefined) return
  await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } })
}
