/**
 * Which parts of the input a rule reads, itself or through helper packages, from OPA's own syntax tree. A name that
 * might be a rule counts as one, so the list may be longer than what is used and is never shorter.
 */
export interface Module {
  readonly package: { readonly path: readonly Term[] }
  readonly imports?: readonly { readonly path: Term; readonly alias?: string }[]
  readonly rules?: readonly { readonly head: { readonly ref?: readonly Term[]; readonly name?: string } }[]
}

export interface Term {
  readonly type: string
  readonly value: unknown
}

/** The sets that a rule adds its findings to. */
export const FINDINGS = ['deny', 'hold', 'mask', 'limit', 'allow'] as const

interface Node {
  readonly inputs: ReadonlySet<string>
  /** Paths below `data`, each of a rule, or of a package whose rules are all meant. */
  readonly uses: ReadonlySet<string>
}

/** @returns by package (`holdpoint.rules.production.drop`), the paths below `input`, shortest first where one holds another */
export function readsByPackage(modules: readonly Module[]): ReadonlyMap<string, readonly string[]> {
  const nodes = new Map<string, Node[]>()
  for (const module of modules) addRules(module, nodes)
  const packages = new Set(modules.map(packageOf))
  return new Map([...packages].map((name) => [name, readsOf(name, nodes)] as const))
}

export function packageOf(module: Module): string {
  return module.package.path
    .slice(1)
    .map(({ value }) => String(value))
    .join('.')
}

/** A rule may be written in several parts, each a node under the same name. */
function addRules(module: Module, nodes: Map<string, Node[]>): void {
  const own = packageOf(module)
  const rules = module.rules ?? []
  const names = new Set(rules.map(nameOf))
  const aliases = new Map(module.imports?.map(({ path, alias }) => [alias ?? lastOf(path), stringsOf(path)] as const))
  for (const rule of rules) {
    const inputs = new Set<string>()
    const uses = new Set<string>()
    const see = (head: string, rest: readonly string[]): void => {
      const [root = '', ...path] = [...(aliases.get(head) ?? [head]), ...rest]
      if (root === 'input') inputs.add(path.join('.'))
      else if (root === 'data') uses.add(path.join('.'))
      else if (names.has(root)) uses.add(`${own}.${root}`)
    }
    walk(rule, see)
    const key = `${own}.${nameOf(rule)}`
    nodes.set(key, [...(nodes.get(key) ?? []), { inputs, uses }])
  }
}

function walk(value: unknown, see: (head: string, rest: readonly string[]) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, see)
  else if (isTerm(value) && value.type === 'var') see(String(value.value), [])
  else if (isTerm(value) && value.type === 'ref' && Array.isArray(value.value)) {
    const [head = '', ...rest] = stringsOf(value)
    see(head, rest)
    walk(value.value.slice(1), see)
  } else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) walk(item, see)
}

function readsOf(name: string, nodes: ReadonlyMap<string, readonly Node[]>): readonly string[] {
  const inputs = new Set<string>()
  const seen = new Set<string>()
  const waiting = FINDINGS.map((finding) => `${name}.${finding}`)
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    for (const node of nodesAt(path, nodes)) {
      for (const input of node.inputs) inputs.add(input)
      waiting.push(...node.uses)
    }
  }
  return withoutInner([...inputs].sort())
}

/** The rule at a path, or the one it looks into, or all that are below it. */
function nodesAt(path: string, nodes: ReadonlyMap<string, readonly Node[]>): readonly Node[] {
  const found: Node[] = []
  for (const [key, list] of nodes)
    if (key === path || path.startsWith(`${key}.`) || key.startsWith(`${path}.`)) found.push(...list)
  return found
}

function withoutInner(sorted: readonly string[]): readonly string[] {
  return sorted.filter((path) => !sorted.some((other) => other === '' || path.startsWith(`${other}.`)) || path === '')
}

/** A reference's constant beginning: where a variable comes, anything below may be meant. */
function stringsOf(reference: Term): readonly string[] {
  if (reference.type === 'var') return [String(reference.value)]
  const terms = reference.value as readonly Term[]
  const end = terms.findIndex(({ type }, index) => index > 0 && type !== 'string')
  return terms.slice(0, end === -1 ? terms.length : end).map(({ value }) => String(value))
}

function lastOf(path: Term): string {
  return stringsOf(path).at(-1) ?? ''
}

function nameOf({ head }: { readonly head: { readonly ref?: readonly Term[]; readonly name?: string } }): string {
  return String(head.ref?.[0]?.value ?? head.name ?? '')
}

function isTerm(value: unknown): value is Term {
  return typeof value === 'object' && value !== null && 'type' in value && 'value' in value
}
