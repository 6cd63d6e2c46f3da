import { completable, type McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { PIXEL } from './plain-tools.ts'

/** What the conformance tool reads and gets. */
export function addResources(server: McpServer): void {
  server.server.registerCapabilities({ resources: { subscribe: true, listChanged: false } })
  const plain = { description: 'A text', mimeType: 'text/plain' }
  const content = 'This is the content of the static text resource.'
  server.registerResource('static text', 'test://static-text', plain, async (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'text/plain', text: content }],
  }))
  server.registerResource('watched', 'test://watched-resource', plain, async (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'watched' }],
  }))
  const png = { description: 'A picture', mimeType: 'image/png' }
  server.registerResource('static binary', 'test://static-binary', png, async (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'image/png', blob: PIXEL }],
  }))
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined })
  server.registerResource('template', template, { description: 'By its id' }, async (uri, { id }) => {
    const data = { id, templateTest: true, data: `Data for ID: ${id}` }
    return { contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify(data) }] }
  })
  for (const method of ['resources/subscribe', 'resources/unsubscribe'] as const) {
    server.server.setRequestHandler(method, async () => ({}))
  }
}

export function addPrompts(server: McpServer): void {
  server.server.registerCapabilities({ prompts: { listChanged: false } })
  const said = (text: string) => ({ role: 'user' as const, content: { type: 'text' as const, text } })
  server.registerPrompt('test_simple_prompt', { description: 'A sentence' }, async () => ({
    messages: [said('This is a simple prompt for testing.')],
  }))
  const argument = (about: string) =>
    completable(z.string().describe(about), (value) =>
      ['paris', 'park', 'party'].filter((one) => one.startsWith(value)),
    )
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'Two words', argsSchema: z.object({ arg1: argument('The first'), arg2: argument('The second') }) },
    async ({ arg1, arg2 }) => ({ messages: [said(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'With a resource', argsSchema: z.object({ resourceUri: z.string() }) },
    async ({ resourceUri: uri }) => {
      const resource = { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' }
      const embedded = { role: 'user' as const, content: { type: 'resource' as const, resource } }
      return { messages: [embedded, said('Please process the embedded resource above.')] }
    },
  )
  server.registerPrompt('test_prompt_with_image', { description: 'With a picture' }, async () => {
    const image = { type: 'image' as const, data: PIXEL, mimeType: 'image/png' }
    return { messages: [{ role: 'user', content: image }, said('Please analyze the image above.')] }
  })
}
