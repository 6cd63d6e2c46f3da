import type { McpServer } from '@modelcontextprotocol/server'
import { addAskingTools } from './asking-tools.ts'
import { addPlainTools } from './plain-tools.ts'
import { addPrompts, addResources } from './resources-and-prompts.ts'

/** What the conformance tool asks a server for, put into Holdpoint's own. */
export function furnish(server: McpServer): void {
  server.server.registerCapabilities({ logging: {} })
  addResources(server)
  addPrompts(server)
  addPlainTools(server)
  addAskingTools(server)
}
