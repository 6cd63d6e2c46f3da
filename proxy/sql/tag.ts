import type { Node } from 'libpg-query'
import { typeOf } from './tree.ts'
import { utilities } from './utilities.ts'

/** The node's name in lower snake case without its Stmt: `alter_role`. */
export function kindOf(node: Node): string {
  const type = (typeOf(node) ?? 'empty').replace(/Stmt$/, '')
  return type.replaceAll(/(?<=[a-z0-9])([A-Z])/g, '_$1').toLowerCase()
}

const tags: Readonly<Record<string, string>> = {
  SelectStmt: 'SELECT',
  InsertStmt: 'INSERT',
  UpdateStmt: 'UPDATE',
  DeleteStmt: 'DELETE',
  MergeStmt: 'MERGE',
  ExplainStmt: 'EXPLAIN',
  CopyStmt: 'COPY',
  PrepareStmt: 'PREPARE',
  ExecuteStmt: 'EXECUTE',
  DeclareCursorStmt: 'DECLARE CURSOR',
  CallStmt: 'CALL',
  DoStmt: 'DO',
  LockStmt: 'LOCK TABLE',
  VariableShowStmt: 'SHOW',
  ConstraintsSetStmt: 'SET CONSTRAINTS',
}

const transactionTags: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: 'BEGIN',
  TRANS_STMT_START: 'START TRANSACTION',
  TRANS_STMT_COMMIT: 'COMMIT',
  TRANS_STMT_ROLLBACK: 'ROLLBACK',
  TRANS_STMT_SAVEPOINT: 'SAVEPOINT',
  TRANS_STMT_RELEASE: 'RELEASE',
  TRANS_STMT_ROLLBACK_TO: 'ROLLBACK',
  TRANS_STMT_PREPARE: 'PREPARE TRANSACTION',
  TRANS_STMT_COMMIT_PREPARED: 'COMMIT PREPARED',
  TRANS_STMT_ROLLBACK_PREPARED: 'ROLLBACK PREPARED',
}

/** What CommandComplete will call it. */
export function tagOf(node: Node): string {
  const type = typeOf(node) ?? ''
  if ('TransactionStmt' in node) return transactionTags[node.TransactionStmt.kind ?? ''] ?? 'TRANSACTION'
  if ('VariableSetStmt' in node) return (node.VariableSetStmt.kind ?? '').startsWith('VAR_RESET') ? 'RESET' : 'SET'
  if ('FetchStmt' in node) return node.FetchStmt.ismove === true ? 'MOVE' : 'FETCH'
  if ('DropStmt' in node) return `DROP ${objectOf(node.DropStmt.removeType)}`
  if ('AlterTableStmt' in node) return `ALTER ${objectOf(node.AlterTableStmt.objtype)}`
  if ('RenameStmt' in node) return `ALTER ${objectOf(node.RenameStmt.renameType)}`
  if ('AlterOwnerStmt' in node) return `ALTER ${objectOf(node.AlterOwnerStmt.objectType)}`
  if ('AlterObjectSchemaStmt' in node) return `ALTER ${objectOf(node.AlterObjectSchemaStmt.objectType)}`
  if ('DefineStmt' in node) return `CREATE ${objectOf(node.DefineStmt.kind)}`
  if ('CreateTableAsStmt' in node)
    return node.CreateTableAsStmt.objtype === 'OBJECT_MATVIEW' ? 'CREATE MATERIALIZED VIEW' : 'CREATE TABLE AS'
  if ('GrantStmt' in node) return node.GrantStmt.is_grant === true ? 'GRANT' : 'REVOKE'
  if ('GrantRoleStmt' in node) return node.GrantRoleStmt.is_grant === true ? 'GRANT ROLE' : 'REVOKE ROLE'
  if ('VacuumStmt' in node) return node.VacuumStmt.is_vacuumcmd === true ? 'VACUUM' : 'ANALYZE'
  return tags[type] ?? utilities[type]?.tag ?? type
}

const objects: Readonly<Record<string, string>> = {
  OBJECT_MATVIEW: 'MATERIALIZED VIEW',
  OBJECT_COLUMN: 'TABLE',
  OBJECT_TABCONSTRAINT: 'TABLE',
  OBJECT_FDW: 'FOREIGN DATA WRAPPER',
  OBJECT_FOREIGN_SERVER: 'SERVER',
  OBJECT_OPCLASS: 'OPERATOR CLASS',
  OBJECT_OPFAMILY: 'OPERATOR FAMILY',
  OBJECT_TSCONFIGURATION: 'TEXT SEARCH CONFIGURATION',
  OBJECT_TSDICTIONARY: 'TEXT SEARCH DICTIONARY',
  OBJECT_TSPARSER: 'TEXT SEARCH PARSER',
  OBJECT_TSTEMPLATE: 'TEXT SEARCH TEMPLATE',
  OBJECT_STATISTIC_EXT: 'STATISTICS',
}

/** OBJECT_FOREIGN_TABLE → FOREIGN TABLE */
function objectOf(type: string | undefined): string {
  if (type === undefined) return ''
  return objects[type] ?? type.replace('OBJECT_', '').replaceAll('_', ' ')
}
