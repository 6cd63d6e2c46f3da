import type { Node } from 'libpg-query'
import type { Facts } from '../../policies/input.ts'
import type { SessionEffects } from '../gate.ts'
import { carriesOf } from './carrying.ts'
import type { Context } from './context.ts'
import { definitionChanges } from './definition-change.ts'
import { droppedSurely } from './dropped-temporaries.ts'
import { innerText } from './inner-text.ts'
import { isTemporary } from './into-clause.ts'
import { stringsOf } from './tree.ts'

export const noEffects: SessionEffects = Object.freeze({
  prepares: null,
  deallocates: null,
  declares: null,
  closes: null,
  createsTemporary: [],
  dropsTemporary: [],
  barrier: false,
  changesCatalog: false,
})

/** What running a statement does to what the session's names mean from then on. */
export function sessionEffects(context: Context, node: Node, text: string, facts: Facts): SessionEffects {
  const carries = carriesOf(context, node, facts)
  const effects = namingEffects(context, node, text)
  const { created } = context.record.carries
  return carries.length === 0 && created === null ? effects : { ...effects, carries, created }
}

function namingEffects(context: Context, node: Node, text: string): SessionEffects {
  const { record } = context
  const changesCatalog = (['ddl', 'privilege', 'unknown'] as const).some((effect) => record.hasEffect(effect))
  const barrier = changesCatalog || record.hasEffect('session') || endsTransaction(node)
  const named = namedEffects(context, node, text)
  if (!barrier && named === null) return noEffects
  const changes = changesCatalog ? definitionChanges(context, node) : []
  return { ...noEffects, ...named, barrier, changesCatalog, changes }
}

/** Rolling back takes SET, definitions and cursors back; committing ends SET LOCAL and cursors. */
function endsTransaction(node: Node): boolean {
  if (!('TransactionStmt' in node)) return false
  return !['TRANS_STMT_BEGIN', 'TRANS_STMT_START', 'TRANS_STMT_SAVEPOINT', 'TRANS_STMT_RELEASE'].includes(
    node.TransactionStmt.kind ?? '',
  )
}

function namedEffects(context: Context, node: Node, text: string): Partial<SessionEffects> | null {
  const { ledTo } = context.record
  if ('PrepareStmt' in node)
    return { prepares: { name: node.PrepareStmt.name ?? '', text: innerText(text, 'AS'), ledTo } }
  if ('DeallocateStmt' in node)
    return { deallocates: node.DeallocateStmt.isall === true ? 'all' : (node.DeallocateStmt.name ?? 'all') }
  if ('DeclareCursorStmt' in node)
    return { declares: { name: node.DeclareCursorStmt.portalname ?? '', text: innerText(text, 'FOR'), ledTo } }
  if ('ClosePortalStmt' in node) return { closes: node.ClosePortalStmt.portalname ?? 'all' }
  if ('DiscardStmt' in node) return discarded(node.DiscardStmt.target ?? '')
  if ('DropStmt' in node) {
    const dropsTemporary = droppedNames(node.DropStmt.objects ?? [])
    return { dropsTemporary, dropsSurely: droppedSurely(context, node.DropStmt) }
  }
  const created = createdTemporary(node)
  return created === null ? null : { createsTemporary: [created] }
}

/** `dropsTemporary` of `*`: all that the session made. */
function discarded(target: string): Partial<SessionEffects> {
  if (target === 'DISCARD_ALL') return { deallocates: 'all', closes: 'all', dropsTemporary: ['*'] }
  return target === 'DISCARD_TEMP' ? { dropsTemporary: ['*'] } : {}
}

function droppedNames(objects: readonly Node[]): string[] {
  return objects.flatMap((object) => {
    if (!('List' in object)) return []
    const parts = stringsOf(object.List.items)
    const schema = parts.at(-2)
    return schema === undefined || schema.startsWith('pg_temp') ? [parts.at(-1) ?? ''] : []
  })
}

function createdTemporary(node: Node): string | null {
  const range =
    'CreateStmt' in node
      ? node.CreateStmt.relation
      : 'CreateTableAsStmt' in node
        ? node.CreateTableAsStmt.into?.rel
        : 'SelectStmt' in node
          ? node.SelectStmt.intoClause?.rel
          : 'CreateSeqStmt' in node
            ? node.CreateSeqStmt.sequence
            : 'ViewStmt' in node
              ? node.ViewStmt.view
              : undefined
  return range !== undefined && isTemporary(range) ? (range.relname ?? '') : null
}
