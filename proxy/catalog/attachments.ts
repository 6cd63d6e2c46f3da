import type { AttachedExpression, Cascade, Definitions, Rule, Trigger } from './definitions.ts'
import { grouped } from './grouping.ts'

/** What the server runs by itself when a relation is read or written, by the relation's OID. */
export class Attachments {
  /** The query of a view. */
  readonly views: ReadonlyMap<number, string>
  readonly rules: ReadonlyMap<number, readonly Rule[]>
  readonly triggers: ReadonlyMap<number, readonly Trigger[]>
  readonly expressions: ReadonlyMap<number, readonly AttachedExpression[]>
  /** Foreign keys that write elsewhere, by what they refer to. */
  readonly cascades: ReadonlyMap<number, readonly Cascade[]>

  constructor(definitions: Pick<Definitions, 'views' | 'rules' | 'triggers' | 'expressions' | 'cascades'>) {
    this.views = new Map(definitions.views.map((view) => [view.relation, view.query]))
    this.rules = grouped(definitions.rules, (rule) => rule.relation)
    this.triggers = grouped(definitions.triggers, (trigger) => trigger.relation)
    this.expressions = grouped(definitions.expressions, (expression) => expression.relation)
    this.cascades = grouped(definitions.cascades, (cascade) => cascade.referenced)
  }
}
