import { z } from 'zod'
import { lock } from './lock.ts'

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
  groups: z.array(z.string()).readonly(),
})

export const identity = principal.extend({
  kind: identityKind,
  actsFor: principal
    .nullable()
    .describe('For an agent, the person it acts for (RFC 8693: the token’s subject, the agent being its `act`)'),
  provenBy: z.enum(['oidc', 'service_token', 'certificate']),
  expiresAt: z.string().describe('RFC 3339; the session ends then'),
  scopes: z
    .array(scope)
    .readonly()
    .optional()
    .describe('What the token is for; absent: it names no scope of Holdpoint’s, and may do all that its bearer may'),
})

export const target = z.strictObject({
  name: z.string().describe('environment/database as configured, e.g. prod/shop'),
  environment: z.enum(['production', 'staging', 'development']),
  database: z.string(),
})

export const session = z.strictObject({
  door: z.enum(['postgres', 'http', 'mcp', 'command_line']),
  role: z.string().describe('The database role in force'),
  application: z.string().describe('application_name as the client gave it; a claim, not a proof'),
  transaction: z.enum(['idle', 'open', 'failed']),
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
  schema: z.string(),
  name: z.string(),
  kind: z.enum(['table', 'partitioned_table', 'view', 'materialized_view', 'foreign_table', 'sequence', 'unknown']),
  access: z.array(access).readonly(),
  system: z.boolean().describe('In pg_catalog, information_schema or pg_toast'),
  temporary: z.boolean(),
  through: z
    .array(z.string())
    .readonly()
    .describe('The views, functions or triggers that led here, outermost first; empty when the statement names it'),
  labels: z.array(z.string()).readonly().describe('Every label on any of its columns'),
})

export const columnUse = z
  .enum(['projected', 'filtered', 'joined', 'sorted', 'grouped', 'written', 'returned', 'probed', 'computed'])
  .describe(
    'probed: filtered, joined, sorted or grouped by in such a way that the answer can spell the value out: not just compared ' +
      'as a whole with a constant, and not just put in order or into groups as it is. Only for columns with labels. computed: what is written to a column with ' +
      'labels is made of it and is not the value as it is, so that a mask that shows a part may show that part of it.',
  )

export const column = z.strictObject({
  schema: z.string(),
  relation: z.string(),
  column: z.string(),
  uses: z.array(columnUse).readonly(),
  labels: z.array(z.string()).readonly(),
})

export const routine = z.strictObject({
  schema: z.string(),
  name: z.string(),
  volatility: z.enum(['immutable', 'stable', 'volatile', 'unknown']),
  known: z.boolean().describe('Resolved in the catalog and, unless built in, looked into'),
  builtin: z.boolean().describe('Shipped with the server, in pg_catalog'),
})

export const setting = z.strictObject({
  name: z.string(),
  value: z.string().nullable().describe('null: reset, or not a constant'),
  scope: z.enum(['transaction', 'session', 'role', 'database', 'system']),
})

export const external = z.strictObject({
  kind: z.enum(['file', 'program', 'network', 'library']),
  detail: z.string(),
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
])

/** Something that had to be known to judge fairly and could not be. The decision is deny unless a policy says otherwise. */
export const unresolved = z.strictObject({
  code: z.enum([
    'relation',
    'column',
    'function',
    'operator',
    'type',
    'node',
    'prepared_statement',
    'cursor',
    'opaque_body',
    'output',
    'syntax',
    'search_path',
  ]),
  detail: z.string(),
})

export const facts = z.strictObject({
  kind: z.string().describe('The parse node in lower snake case without its Stmt: select, insert, drop, alter_role …'),
  tag: z.string().describe('What it is called by people and by CommandComplete: SELECT, DROP TABLE …'),
  effects: z.array(effect).readonly(),
  relations: z.array(relation).readonly(),
  columns: z.array(column).readonly(),
  functions: z.array(routine).readonly(),
  roles: z.array(z.string()).readonly().describe('Roles created, altered, granted, set or dropped'),
  settings: z.array(setting).readonly(),
  external: z.array(external).readonly(),
  locks: z
    .array(lock)
    .readonly()
    .describe('On every relation that is named or led to, but for reads of the system’s own; on rows; advisory ones'),
  flags: z.array(flag).readonly(),
  unresolved: z.array(unresolved).readonly(),
  fingerprint: z.string().describe('libpg_query fingerprint: groups statements for people, binds nothing'),
})

export const input = z.strictObject({
  version: z.literal(INPUT_VERSION),
  identity,
  target,
  session,
  statement: facts,
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
export type Unresolved = z.infer<typeof unresolved>
export type Facts = z.infer<typeof facts>
export type PolicyInput = z.infer<typeof input>
