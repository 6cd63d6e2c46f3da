/** A JSON Schema as a page for people: every field by its path, with its type and what it says about itself. */
interface Node {
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Node[]
}

export function schemaPage(title: string, introduction: string, schema: object): string {
  const rows = fieldsOf(schema as Node, '').map(({ path, node }) => {
    return `| \`${path}\` | ${typeOf(node)} | ${(node.description ?? '').replaceAll('|', '\\|')} |`
  })
  return `# ${title}\n\n${introduction}\n\n| field | type | what it says |\n| --- | --- | --- |\n${rows.join('\n')}\n`
}

function fieldsOf(node: Node, path: string): readonly { readonly path: string; readonly node: Node }[] {
  const inner = node.anyOf?.find(({ properties, items }) => properties !== undefined || items !== undefined) ?? node
  if (inner.items !== undefined) return fieldsOf(inner.items, `${path}[]`)
  return Object.entries(inner.properties ?? {}).flatMap(([name, child]) => {
    const at = path === '' ? name : `${path}.${name}`
    return [{ path: at, node: child }, ...fieldsOf(child, at)]
  })
}

function typeOf(node: Node): string {
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(' ')
  if (node.anyOf !== undefined) return node.anyOf.map(typeOf).join(' or ')
  if (node.items !== undefined) return `list of ${typeOf(node.items)}`
  return node.type ?? 'any'
}
