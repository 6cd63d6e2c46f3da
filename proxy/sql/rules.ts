import type { Node } from 'libpg-query'
import type { Relation } from '../catalog/definitions.ts'
import type { Source } from '../catalog/snapshot.ts'
import { written } from './assignments.ts'
import type { Write } from './attached.ts'
import type { Context } from './context.ts'
import { parse } from './parse.ts'
import { qualified, rowScope } from './row-scope.ts'
import type { Scope } from './scope.ts'
import { statement } from './statement.ts'
import type { Column } from './value.ts'

/** Records what a rule on a relation does when that is written. */
export function applyRule(context: Context, relation: Relation, definition: string, write: Write): void {
  const parsed = parse(definition)
  const node = 'reason' in parsed ? undefined : parsed[0]?.node
  if (node === undefined || !('RuleStmt' in node)) {
    context.record.effect('unknown')
    context.record.unresolved('opaque_body', `rule on ${relation.schema}.${relation.name}`)
    return
  }
  if (node.RuleStmt.event !== `CMD_${write.toUpperCase()}`) return
  const { actions } = node.RuleStmt
  const scope = rowScope(context, relation)
  const columns = scope.items[0]?.columns.all() ?? []
  ruleActions({ ...qualified(context), inRule: true }, actions, scope, (action, answer) => {
    if ('SelectStmt' in action) {
      // It goes to the client past every mask: the server says of none of it where it is from.
      const strange = ({ relationOid, labels }: Source): boolean => relationOid !== relation.oid || labels.length > 0
      if (answer.some(({ sources }) => sources.some(strange)))
        context.record.unresolved('output', `a rule on ${relation.schema}.${relation.name} answers with rows`)
    } else returnedAs(context, answer, columns)
  })
}

/** What a rule returns stands under the names of its relation's columns, in their order: as if it were written there. */
function returnedAs(context: Context, answer: readonly Column[], columns: readonly Column[]): void {
  answer.forEach(({ sources }, index) => {
    const column = columns[index]
    if (column !== undefined && sources.some(({ labels }) => labels.length > 0)) written(context, column)
  })
}

/** What a rule does instead or as well, with old and new in scope. */
export function ruleActions(
  context: Context,
  actions: readonly Node[] | undefined,
  scope: Scope,
  answered: (action: Node, columns: readonly Column[]) => void = () => undefined,
): void {
  for (const action of actions ?? []) answered(action, statement(context, action, scope, 'projected').columns.all())
}
