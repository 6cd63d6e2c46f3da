import type { Node } from 'libpg-query'
import { tagOf } from '../tag.ts'
import { Opaque } from './opaque.ts'

/** Statements that leave the names of what follows as they are. */
const everywhere = new Set([
  ...['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'CallStmt'],
  ...['TruncateStmt', 'LockStmt', 'NotifyStmt'],
])

/** Definitions whose effect on names is known, or is known to be on any: what migrations have in a DO. */
const definitions = new Set(
  `CreateStmt CreateSchemaStmt CreateSeqStmt AlterSeqStmt CreateDomainStmt AlterDomainStmt CreateEnumStmt AlterEnumStmt
   CreateRangeStmt CompositeTypeStmt AlterTypeStmt DefineStmt IndexStmt CreateStatsStmt AlterStatsStmt ViewStmt
   CreateTableAsStmt RefreshMatViewStmt CreateFunctionStmt AlterFunctionStmt CreateTrigStmt RuleStmt CreateCastStmt
   AlterTableStmt AlterObjectSchemaStmt AlterObjectDependsStmt AlterOwnerStmt RenameStmt DropStmt CommentStmt
   CreateExtensionStmt AlterExtensionStmt CreatePolicyStmt AlterPolicyStmt GrantStmt GrantRoleStmt CreateRoleStmt
   AlterRoleStmt DropRoleStmt AlterDefaultPrivilegesStmt CreatePublicationStmt AlterPublicationStmt ReindexStmt`.split(
    /\s+/,
  ),
)

/** What is dropped by itself, or with a table that is named: of anything else nobody is told what would go with it. */
const dropped = new Set(
  `OBJECT_TABLE OBJECT_VIEW OBJECT_MATVIEW OBJECT_FOREIGN_TABLE OBJECT_SEQUENCE OBJECT_INDEX OBJECT_TRIGGER OBJECT_RULE
   OBJECT_POLICY OBJECT_STATISTIC_EXT`.split(/\s+/),
)

/** @throws Opaque for a statement that a body is not followed through */
export function checkFollowed(node: Node, defines: boolean): void {
  const isFollowed = (type: string) => everywhere.has(type) || (defines && definitions.has(type))
  const drops = 'DropStmt' in node ? (node.DropStmt.removeType ?? '') : null
  if (!Object.keys(node).every(isFollowed) || (drops !== null && !dropped.has(drops))) throw new Opaque(tagOf(node))
}
