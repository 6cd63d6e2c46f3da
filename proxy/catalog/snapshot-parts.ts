import { createHash } from 'node:crypto'
import { Attachments } from './attachments.ts'
import type { Definitions } from './definitions.ts'
import { Inheritance } from './inheritance.ts'
import { Names } from './names.ts'
import { Relations } from './relations.ts'
import { SearchPaths } from './search-paths.ts'

/** The definitions of one moment, by all that they are looked up by. */
export class SnapshotParts {
  readonly definitions: Definitions
  readonly relations: Relations
  readonly paths: SearchPaths
  readonly inheritance: Inheritance
  readonly attached: Attachments
  readonly names: Names

  constructor(definitions: Definitions) {
    this.definitions = definitions
    this.relations = new Relations(definitions.relations, { indexes: definitions.indexes })
    this.paths = new SearchPaths(definitions.schemas, definitions.roles)
    const isPartitioned = (oid: number) => this.relations.byOid(oid)?.kind === 'partitioned_table'
    this.inheritance = new Inheritance(definitions.inheritance, isPartitioned)
    this.attached = new Attachments(definitions)
    this.names = new Names(definitions)
  }

  /** SHA-256 (hex) of what a relation is: its columns, rules, triggers and attached expressions. */
  hashOf(oid: number, relations: Relations, viewQuery: string | object | undefined): string {
    const { rules, triggers, expressions, cascades } = this.attached
    const parts = [
      { ...relations.byOid(oid), toast: 0 }, // which VACUUM FULL makes anew
      viewQuery,
      ...[rules, triggers, expressions, cascades].map((each) => each.get(oid) ?? []),
      ...this.inheritance.linksOf(oid),
    ]
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  }
}
