import type { Facts } from '../../policies/input.ts'
import { copiedQuery } from './copied-query.ts'
import type { SideLane } from './side-lane.ts'

/** A node of EXPLAIN (FORMAT JSON, VERBOSE). https://www.postgresql.org/docs/current/sql-explain.html */
interface PlanNode {
  readonly 'Node Type'?: string
  readonly 'Plan Rows'?: number
  readonly Schema?: string
  readonly 'Relation Name'?: string
  readonly Plans?: readonly PlanNode[]
}

const plannable = new Set(['select', 'insert', 'update', 'delete', 'merge'])

/**
 * The planner's guess at the rows a statement returns or changes.
 * @returns null where there is no plan, or where it is about other relations than the facts: names are looked up with
 * another search path here
 */
export async function estimatedRows(
  text: string,
  facts: Facts,
  values: readonly unknown[],
  lane: SideLane,
): Promise<number | null> {
  const planned = plannable.has(facts.kind) ? text : copiedQuery(text)
  if (planned === null) return null
  const explain = `EXPLAIN (FORMAT JSON, VERBOSE) ${planned}`
  const rows = await lane.askAsSession<Record<string, readonly { readonly Plan?: PlanNode }[]>>(explain, values)
  const plan = rows[0]?.['QUERY PLAN']?.[0]?.Plan
  if (plan === undefined || !isAbout(plan, facts)) return null
  // ModifyTable itself returns rows only with RETURNING; what it changes comes from below it.
  const counted = plan['Node Type'] === 'ModifyTable' ? plan.Plans?.[0] : plan
  return counted?.['Plan Rows'] ?? null
}

function isAbout(node: PlanNode, facts: Facts): boolean {
  const name = node['Relation Name']
  const known =
    name === undefined || facts.relations.some((relation) => relation.name === name && relation.schema === node.Schema)
  return known && (node.Plans ?? []).every((child) => isAbout(child, facts))
}
