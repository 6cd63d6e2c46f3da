import type { DefinitionChange } from './definition-change.ts'
import type { QualifiedName } from './names.ts'

/** The changes of a transaction, to be looked up by name. */
export class UncommittedChanges {
  readonly anything: boolean
  readonly #created = new Map<string, string[]>()
  readonly #hidden = new Map<string, string[]>()
  /** Those among them that may be others by now. */
  readonly #others = new Map<string, string[]>()
  readonly #extended = new Set<number>()
  readonly #replaced = new Set<number>()
  readonly #names = new Set<string>()

  constructor(all: readonly DefinitionChange[]) {
    this.anything = all.some(({ kind }) => kind === 'anything')
    for (const change of all) this.#add(change)
  }

  /** @returns the schema it was created in, or null */
  createdIn({ schema, name }: QualifiedName): string | null {
    return this.#created.get(name)?.find((each) => schema === null || each === schema) ?? null
  }

  isHidden({ schema, name }: QualifiedName): boolean {
    return this.anything || matches(this.#hidden, schema, name)
  }

  /** It is not followed, and still what it was. */
  isSame({ schema, name }: QualifiedName): boolean {
    return !this.anything && matches(this.#hidden, schema, name) && !matches(this.#others, schema, name)
  }

  isReplaced(oid: number): boolean {
    return this.#replaced.has(oid)
  }

  isExtended(oid: number): boolean {
    return this.#extended.has(oid)
  }

  hasType(name: string): boolean {
    return this.#names.has(`type ${name}`)
  }

  /** No type of that name is what it was. */
  isUntyped(name: string): boolean {
    return this.#names.has(`untyped ${name}`)
  }

  changesRoutine(name: string): boolean {
    return this.anything || this.#names.has(`routine ${name}`)
  }

  #add(change: DefinitionChange): void {
    if (change.kind === 'created') append(this.#created, change)
    else if (change.kind === 'hidden') {
      append(this.#hidden, change)
      if (change.same === undefined) append(this.#others, change)
    } else if (change.kind === 'extended') this.#extended.add(change.oid)
    else if (change.kind === 'replaced') this.#replaced.add(change.oid)
    else if (change.kind === 'type' || change.kind === 'untyped' || change.kind === 'routine')
      this.#names.add(`${change.kind} ${change.name}`)
  }
}

function append(
  map: Map<string, string[]>,
  { schema, name }: { readonly schema: string; readonly name: string },
): void {
  map.set(name, [...(map.get(name) ?? []), schema])
}

function matches(map: ReadonlyMap<string, readonly string[]>, schema: string | null, name: string): boolean {
  const schemas = map.get(name)
  return schemas !== undefined && (schema === null || schemas.includes(schema))
}

const known = new WeakMap<readonly DefinitionChange[], UncommittedChanges>()

const none = new UncommittedChanges([])

/** The same list is looked up in many times. */
export function uncommittedOf(changes: readonly DefinitionChange[] | undefined): UncommittedChanges {
  if (changes === undefined || changes.length === 0) return none
  let found = known.get(changes)
  if (found === undefined) {
    found = new UncommittedChanges(changes)
    known.set(changes, found)
  }
  return found
}
