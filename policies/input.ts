import { z } from 'zod'
import { lock } from './lock.ts'
import { unresolved } from './unresolved.ts'

/**
 * What a policy is shown: the one source of the TypeScript types, of the published JSON Schema (`opa check --schema`)
 * and of the documentation. Everything a rule may read is here; what is not here does not reach the policy.
 *
 * Additions keep `version`; a change of meaning or a removal raises it.
 */
export const INPUT_VERSION = 1

export const identityKind = z.enum(['human', 'service', 'agent'])

/** What a token may be for, see scopes.ts. */
export const scope = z.enum(['holdpoint:read', 'holdpoint:run', 'holdpoint:approve'])

/** A person, or a person an agent acts for, as the identity provider names them. */
export const principal = z.strictObject({
  issuer: z.string().describe('The provider that vouches for the subject'),
  subject: z.string().describe('The `sub` claim: stable, never reused'),
  name: z.string().describe('The name used to connect and shown to people; never used to decide who someone is'),
  groups: z.array(z.string()).readonly().describe('As the directory has them, or the token'),
})

export const identity = principal.extend({
  kind: identityKind.describe('A person, a program, or an AI agent'),
  actsFor: principal
    .nullable()
    .describe('For an agent, the person it acts for (RFC 8693: the token’s subject, the agent being its `act`)'),
  provenBy: z.enum(['oidc', 'service_token', 'certificate']).describe('How it was shown who asks'),
  expiresAt: z.string().describe('RFC 3339; the session ends then'),
  scopes: z
    .array(scope)
    .readonly()
    .optional()
    .describe('What the token is for; absent: it names no scope of Holdpoint’s, and may do all that its bearer may'),
})

export const target = z.strictObject({
  name: z.string().describe('environment/database as configured, e.g. prod/shop'),
  environment: z.enum(['production', 'staging', 'development']).describe('As configured'),
  database: z.string().describe('Its name on the server'),
})

export const session = z.strictObject({
  door: z
    .enum(['postgres', 'http', 'mcp', 'command_line'])
    .describe('Which way it came; command_line: `holdpoint explain`'),
  role: z.string().describe('The database role in force'),
  application: z.string().describe('application_name as the client gave it; a claim, not a proof'),
  transaction: z.enum(['idle', 'open', 'failed']).describe('As the server said it last'),
})

/** What a statement reaches for, most harmless first. A statement has every effect that any node in it has. */
export const effect = z.enum(['read', 'transaction', 'session', 'write', 'ddl', 'privilege', 'external', 'unknown'])

export const access = z.enum([
  'select',
  'insert',
  'update',
  'delete',
  'truncate',
  'lock',
  'create',
  'alter',
  'drop',
  'maintain',
  'grant',
])

export const relation = z.strictObject({
  schema: z.string().describe('Empty where the name has none and is not found; pg_temp for the session’s own'),
  name: z.string().describe('As the server has it'),
  kind: z
    .enum([
      'table',
      'partitioned_table',
      'view',
      'materialized_view',
      'foreign_table',
      'sequence',
      'unknown',
      'missing',
    ])
    .describe(
      'unknown: being made, or not established. missing: nothing of that name is there, and IF EXISTS drops it',
    ),
  access: z.array(access).readonly().describe('What is done to it'),
  system: z.boolean().describe('In pg_catalog, information_schema or pg_toast'),
  temporary: z.boolean().describe('The session’s own, which nobody else sees'),
  through: z
    .array(z.string())
    .readonly()
    .describe('The views, functions or triggers that led here, outermost first; empty when the statement names it'),
  labels: z.array(z.string()).readonly().describe('Every label on any of its columns'),
})

export const columnUse = z
  .enum(['projected', 'filtered', 'joined', 'sorted', 'grouped', 'written', 'returned', 'probed', 'computed', 'preset'])
  .describe(
    'probed: filtered, joined, sorted or grouped by in such a way that the answer can spell the value out: not just compared ' +
      'as a whole with a constant, and not just put in order or into groups as it is. Only for columns with labels. computed: what is written to a column with ' +
      'labels is made of it and is not the value as it is, so that a mask that shows a part may show that part of it. preset: filtered or joined by in the query of a view that lasts, in comparison with constants only, so that whoever reads the view asks nothing by it. Only for columns with labels.',
  )

export const column = z.strictObject({
  schema: z.string().describe('Of its relation: behind a view, of the table'),
  relation: z.string().describe('The table it belongs to, or the view where that cannot be followed'),
  column: z.string().describe('Its name; `*` for a whole row, or any of its columns'),
  uses: z.array(columnUse).readonly().describe('Everything that is done with it, anywhere in the statement'),
  labels: z
    .array(z.string())
    .readonly()
    .describe('By data/labels.yaml, from its family of tables and from what a view shows'),
})

export const routine = z.strictObject({
  schema: z.string().describe('Where it was found; empty where it was not'),
  name: z.string().describe('Without its arguments: of several that may be meant, each is listed'),
  volatility: z.enum(['immutable', 'stable', 'volatile', 'unknown']).describe('As it is declared'),
  known: z.boolean().describe('Resolved in the catalog and, unless built in, looked into'),
  builtin: z.boolean().describe('Shipped with the server, in pg_catalog'),
})

export const setting = z.strictObject({
  name: z.string().describe('In lower case; `all` for RESET ALL and DISCARD ALL'),
  value: z.string().nullable().describe('null: reset, or not a constant'),
  scope: z
    .enum(['transaction', 'session', 'role', 'database', 'system'])
    .describe('For whom, and until when: SET LOCAL, SET, ALTER ROLE, ALTER DATABASE, ALTER SYSTEM'),
})

export const external = z.strictObject({
  kind: z.enum(['file', 'program', 'network', 'library']).describe('What is reached'),
  detail: z.string().describe('By what, or which: a function, a server, a file'),
})

export const flag = z.enum([
  'no_where',
  'always_true_where',
  'multi_statement',
  'unbounded_read',
  'cartesian_join',
  'row_locks',
  'returning',
  'data_modifying_cte',
  'explain',
  'explain_analyze',
  'copy_to',
  'copy_from',
  'contains_secret',
  'asks_approval',
])

export const facts = z.strictObject({
  kind: z.string().describe('The parse node in lower snake case without its Stmt: select, insert, drop, alter_role …'),
  tag: z.string().describe('What it is called by people and by CommandComplete: SELECT, DROP TABLE …'),
  effects: z.array(effect).readonly().describe('Of every part of it, and of what it leads to'),
  relations: z.array(relation).readonly().describe('All that it names and all that these lead to'),
  columns: z.array(column).readonly().describe('Down to base tables'),
  functions: z.array(routine).readonly().describe('Also behind operators, casts, triggers, defaults and views'),
  roles: z.array(z.string()).readonly().describe('Roles created, altered, granted, set or dropped'),
  settings: z.array(setting).readonly().describe('What it sets or resets, set_config() too'),
  external: z.array(external).readonly().describe('What it reaches outside of the database'),
  locks: z
    .array(lock)
    .readonly()
    .describe('On every relation that is named or led to, but for reads of the system’s own; on rows; advisory ones'),
  flags: z.array(flag).readonly().describe('What stands out about it'),
  unresolved: z
    .array(unresolved)
    .readonly()
    .describe('Empty when all is known; else refused, see general/unresolved.rego'),
  fingerprint: z.string().describe('libpg_query fingerprint: groups statements for people, binds nothing'),
})

export const input = z.strictObject({
  version: z.literal(INPUT_VERSION).describe('Of this schema'),
  identity: identity.describe('Who asks'),
  target: target.describe('Of which database'),
  session: session.describe('In which circumstances'),
  statement: facts.describe('What the statement would do'),
})

export type Scope = z.infer<typeof scope>
export type Principal = z.infer<typeof principal>
export type Identity = z.infer<typeof identity>
export type Target = z.infer<typeof target>
export type SessionInput = z.infer<typeof session>
export type Effect = z.infer<typeof effect>
export type Access = z.infer<typeof access>
export type Relation = z.infer<typeof relation>
export type ColumnUse = z.infer<typeof columnUse>
export type Column = z.infer<typeof column>
export type Routine = z.infer<typeof routine>
export type Setting = z.infer<typeof setting>
export type Flag = z.infer<typeof flag>
export type Facts = z.infer<typeof facts>
export type PolicyInput = z.infer<typeof input>
