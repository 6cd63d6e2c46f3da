import type { Access, Effect } from '../../policies/input.ts'

/** A statement that is neither a query nor a change of rows: what it does by its kind alone. */
export interface Utility {
  readonly tag: string
  readonly effects: readonly Effect[]
  /** What is done to the relations it names. */
  readonly access: readonly Access[]
  /** The relation it names first need not exist yet. */
  readonly creates: boolean
}

const of =
  (effects: readonly Effect[], access: readonly Access[], creates = false) =>
  (tag: string): Utility => ({
    tag,
    effects,
    access,
    creates,
  })

const creates = of(['ddl'], ['create'], true)
const changes = of(['ddl'], ['alter'])
const privileges = of(['privilege'], ['grant'])
const reaches = of(['ddl', 'external'], ['create'], true)
const sessionOnly = of(['session'], [])

/**
 * By parse node. A node that is not here, and has no walk of its own in statement.ts, is unknown and denied.
 * Tags: src/include/tcop/cmdtaglist.h
 */
export const utilities: Readonly<Record<string, Utility | undefined>> = Object.assign(Object.create(null), {
  CreateStmt: creates('CREATE TABLE'),
  CreateSchemaStmt: creates('CREATE SCHEMA'),
  CreateSeqStmt: creates('CREATE SEQUENCE'),
  CreateDomainStmt: creates('CREATE DOMAIN'),
  CreateEnumStmt: creates('CREATE TYPE'),
  CreateRangeStmt: creates('CREATE TYPE'),
  CompositeTypeStmt: creates('CREATE TYPE'),
  DefineStmt: creates('CREATE'),
  CreateStatsStmt: changes('CREATE STATISTICS'),
  IndexStmt: changes('CREATE INDEX'),
  ViewStmt: creates('CREATE VIEW'),
  RuleStmt: changes('CREATE RULE'),
  CreateTrigStmt: changes('CREATE TRIGGER'),
  CreateFunctionStmt: creates('CREATE FUNCTION'),
  CreateConversionStmt: creates('CREATE CONVERSION'),
  CreateCastStmt: creates('CREATE CAST'),
  CreateTransformStmt: creates('CREATE TRANSFORM'),
  CreateOpClassStmt: creates('CREATE OPERATOR CLASS'),
  CreateOpFamilyStmt: creates('CREATE OPERATOR FAMILY'),
  CreatePublicationStmt: of(['ddl', 'external'], ['alter'])('CREATE PUBLICATION'),
  AlterPublicationStmt: of(['ddl', 'external'], ['alter'])('ALTER PUBLICATION'),
  AlterSeqStmt: changes('ALTER SEQUENCE'),
  AlterDomainStmt: changes('ALTER DOMAIN'),
  AlterEnumStmt: changes('ALTER TYPE'),
  AlterTypeStmt: changes('ALTER TYPE'),
  AlterStatsStmt: changes('ALTER STATISTICS'),
  AlterCollationStmt: changes('ALTER COLLATION'),
  AlterFunctionStmt: of(['ddl', 'privilege'], ['alter'])('ALTER FUNCTION'),
  AlterOperatorStmt: changes('ALTER OPERATOR'),
  AlterOpFamilyStmt: changes('ALTER OPERATOR FAMILY'),
  AlterTSDictionaryStmt: changes('ALTER TEXT SEARCH DICTIONARY'),
  AlterTSConfigurationStmt: changes('ALTER TEXT SEARCH CONFIGURATION'),
  AlterObjectDependsStmt: changes('ALTER'),
  AlterObjectSchemaStmt: changes('ALTER'),
  RenameStmt: changes('ALTER'),
  CommentStmt: changes('COMMENT'),
  TruncateStmt: of(['write', 'ddl'], ['truncate'])('TRUNCATE TABLE'),
  VacuumStmt: of(['ddl'], ['maintain'])('VACUUM'),
  ClusterStmt: of(['ddl'], ['maintain'])('CLUSTER'),
  ReindexStmt: of(['ddl'], ['maintain'])('REINDEX'),
  RefreshMatViewStmt: of(['read', 'write'], ['maintain'])('REFRESH MATERIALIZED VIEW'),
  CheckPointStmt: of(['ddl'], [])('CHECKPOINT'),
  GrantStmt: privileges('GRANT'),
  GrantRoleStmt: privileges('GRANT ROLE'),
  AlterDefaultPrivilegesStmt: privileges('ALTER DEFAULT PRIVILEGES'),
  AlterOwnerStmt: of(['ddl', 'privilege'], ['alter', 'grant'])('ALTER'),
  CreateRoleStmt: privileges('CREATE ROLE'),
  AlterRoleStmt: privileges('ALTER ROLE'),
  AlterRoleSetStmt: privileges('ALTER ROLE'),
  DropRoleStmt: privileges('DROP ROLE'),
  DropOwnedStmt: of(['ddl', 'privilege'], ['drop'])('DROP OWNED'),
  ReassignOwnedStmt: privileges('REASSIGN OWNED'),
  CreatePolicyStmt: of(['ddl', 'privilege'], ['alter', 'grant'])('CREATE POLICY'),
  AlterPolicyStmt: of(['ddl', 'privilege'], ['alter', 'grant'])('ALTER POLICY'),
  SecLabelStmt: privileges('SECURITY LABEL'),
  CreateEventTrigStmt: of(['ddl', 'privilege'], [])('CREATE EVENT TRIGGER'),
  AlterEventTrigStmt: of(['ddl', 'privilege'], [])('ALTER EVENT TRIGGER'),
  AlterSystemStmt: of(['privilege', 'external'], [])('ALTER SYSTEM'),
  AlterDatabaseStmt: of(['ddl', 'privilege'], [])('ALTER DATABASE'),
  AlterDatabaseRefreshCollStmt: of(['ddl'], [])('ALTER DATABASE'),
  AlterDatabaseSetStmt: privileges('ALTER DATABASE'),
  CreatedbStmt: reaches('CREATE DATABASE'),
  DropdbStmt: reaches('DROP DATABASE'),
  CreateTableSpaceStmt: reaches('CREATE TABLESPACE'),
  DropTableSpaceStmt: reaches('DROP TABLESPACE'),
  AlterTableSpaceOptionsStmt: reaches('ALTER TABLESPACE'),
  AlterTableMoveAllStmt: reaches('ALTER TABLE'),
  CreateExtensionStmt: reaches('CREATE EXTENSION'),
  AlterExtensionStmt: reaches('ALTER EXTENSION'),
  AlterExtensionContentsStmt: reaches('ALTER EXTENSION'),
  CreateFdwStmt: reaches('CREATE FOREIGN DATA WRAPPER'),
  AlterFdwStmt: reaches('ALTER FOREIGN DATA WRAPPER'),
  CreateForeignServerStmt: reaches('CREATE SERVER'),
  AlterForeignServerStmt: reaches('ALTER SERVER'),
  CreateForeignTableStmt: reaches('CREATE FOREIGN TABLE'),
  CreateUserMappingStmt: reaches('CREATE USER MAPPING'),
  AlterUserMappingStmt: reaches('ALTER USER MAPPING'),
  DropUserMappingStmt: reaches('DROP USER MAPPING'),
  ImportForeignSchemaStmt: reaches('IMPORT FOREIGN SCHEMA'),
  CreateSubscriptionStmt: reaches('CREATE SUBSCRIPTION'),
  AlterSubscriptionStmt: reaches('ALTER SUBSCRIPTION'),
  DropSubscriptionStmt: reaches('DROP SUBSCRIPTION'),
  CreateAmStmt: reaches('CREATE ACCESS METHOD'),
  CreatePLangStmt: reaches('CREATE LANGUAGE'),
  LoadStmt: of(['external'], [])('LOAD'),
  ListenStmt: sessionOnly('LISTEN'),
  UnlistenStmt: sessionOnly('UNLISTEN'),
  NotifyStmt: of(['write'], [])('NOTIFY'),
  DiscardStmt: sessionOnly('DISCARD ALL'),
  DeallocateStmt: sessionOnly('DEALLOCATE'),
  ClosePortalStmt: sessionOnly('CLOSE CURSOR'),
})

/** What each of these reaches that is not in this database. */
export const externalReach: Readonly<Record<string, 'file' | 'network' | 'library' | undefined>> = Object.assign(
  Object.create(null),
  {
    CreatePublicationStmt: 'network',
    AlterPublicationStmt: 'network',
    AlterSystemStmt: 'file',
    CreatedbStmt: 'file',
    DropdbStmt: 'file',
    CreateTableSpaceStmt: 'file',
    DropTableSpaceStmt: 'file',
    AlterTableSpaceOptionsStmt: 'file',
    AlterTableMoveAllStmt: 'file',
    CreateExtensionStmt: 'library',
    AlterExtensionStmt: 'library',
    AlterExtensionContentsStmt: 'library',
    CreateFdwStmt: 'library',
    AlterFdwStmt: 'library',
    CreateForeignServerStmt: 'network',
    AlterForeignServerStmt: 'network',
    CreateForeignTableStmt: 'network',
    CreateUserMappingStmt: 'network',
    AlterUserMappingStmt: 'network',
    DropUserMappingStmt: 'network',
    ImportForeignSchemaStmt: 'network',
    CreateSubscriptionStmt: 'network',
    AlterSubscriptionStmt: 'network',
    DropSubscriptionStmt: 'network',
    CreateAmStmt: 'library',
    CreatePLangStmt: 'library',
    LoadStmt: 'library',
  },
)
