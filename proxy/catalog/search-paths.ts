import type { Role } from './definitions.ts'
import { parseSearchPath } from './search-path.ts'

/** Which schemas a name without one is looked for in, for each role and setting. */
export class SearchPaths {
  readonly #schemas: ReadonlySet<string>
  readonly #roles: ReadonlyMap<string, Role>
  readonly #paths = new Map<string, readonly string[] | null>()

  constructor(schemas: readonly string[], roles: readonly Role[]) {
    this.#schemas = new Set(schemas)
    this.#roles = new Map(roles.map((role) => [role.name, role]))
  }

  hasSchema(name: string): boolean {
    return this.#schemas.has(name)
  }

  /**
   * The schemas that are searched for this role, in order, `pg_temp` among them where it is.
   * @returns null when that cannot be known
   */
  schemasOn(searchPath: string | null, role: string): readonly string[] | null {
    if (searchPath === null) return null
    const key = `${role}\0${searchPath}`
    let path = this.#paths.get(key)
    if (path === undefined) {
      path = this.#computePath(searchPath, role)
      this.#paths.set(key, path)
    }
    return path
  }

  #computePath(searchPath: string, role: string): readonly string[] | null {
    const names = parseSearchPath(searchPath)
    const known = this.#roles.get(role)
    if (names === null || known === undefined) return null
    const listed = names
      .map((name) => (name === '$user' ? role : name))
      .filter((name) => name === 'pg_temp' || (this.#schemas.has(name) && !known.hiddenSchemas.has(name)))
    const implicit = ['pg_temp', 'pg_catalog'].filter((name) => !listed.includes(name))
    return [...implicit, ...listed]
  }
}
