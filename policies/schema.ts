import { z } from 'zod'
import { policyData } from './data-schema.ts'
import { INPUT_VERSION, input } from './input.ts'
import { type Manifest, volatileInput } from './manifest.ts'
import { schemaPage } from './schema-page.ts'

type Schema = { [key: string]: unknown; properties?: Record<string, Schema>; required?: string[] }

/** The published JSON Schema of the policy's input: policies/schemas/input.json, made from the same source as the types. */
export function inputSchema(): Schema {
  const { $schema, ...schema } = z.toJSONSchema(input, { target: 'draft-7' }) as Schema
  return {
    $schema,
    $id: `https://holdpoint.dev/schemas/policy-input-v${INPUT_VERSION}.json`,
    title: 'What a Holdpoint policy is shown',
    ...schema,
  }
}

/** What editors check the files of data/ with: policies/schemas/data.json. */
export function dataSchema(): Schema {
  return { ...(z.toJSONSchema(policyData, { target: 'draft-7' }) as Schema), title: 'The data of Holdpoint policies' }
}

/** The documentation of the input: policies/schemas/input.md. */
export function inputPage(): string {
  return schemaPage(
    'What a policy is shown',
    `Version ${INPUT_VERSION} of \`input\`, made from policies/input.ts by \`node policies/write-schema.ts\`; the schema itself is [input.json](input.json). \`identity.expiresAt\`, \`session.application\` and \`session.transaction\` are given only to policies whose manifest.yaml names them.`,
    inputSchema(),
  )
}

/** The same without the volatile fields that the manifest does not name, so that a rule which reads one is refused. */
export function checkedSchema(manifest: Manifest): Schema {
  const schema = inputSchema()
  // Without an address of its own: OPA would look references up under it.
  delete schema.$id
  for (const path of volatileInput.options) {
    if (manifest.volatile.includes(path)) continue
    const [parent = '', field = ''] = path.split('.')
    const node = schema.properties?.[parent]
    delete node?.properties?.[field]
    if (node?.required) node.required = node.required.filter((name) => name !== field)
  }
  return schema
}
