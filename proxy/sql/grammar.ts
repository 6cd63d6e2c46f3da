/**
 * The node types that PostgreSQL 18's raw parser can produce, and what each of their fields holds. One line a type,
 * continued where indented: `field` a plain value, `field?` a node, `field*` a list of nodes, `field:Type` a node of
 * that type without its wrapper. `location` is everywhere and left out.
 *
 * What is not in this list is not known, and a statement that holds it is denied: a newer grammar must be read here
 * first. Node types and fields that only the analyser or planner fills in are left out on purpose.
 * Source: src/include/nodes/parsenodes.h and primnodes.h
 */
const text = `
Integer ival
Float fval
Boolean boolval
String sval
BitString bsval
List items*
A_Const ival:Integer fval:Float boolval:Boolean sval:String bsval:BitString isnull
Alias aliasname colnames*
RangeVar catalogname schemaname relname inh relpersistence alias:Alias
IntoClause rel:RangeVar colNames* accessMethod options* onCommit tableSpaceName skipData
GroupingFunc args*
MergeSupportFunc msftype msfcollid
NamedArgExpr arg? name argnumber
BoolExpr boolop args*
SubLink subLinkType testexpr? operName* subselect?
CaseExpr arg? args* defresult?
CaseWhen expr? result?
RowExpr args* row_format
CoalesceExpr args*
MinMaxExpr op args*
SQLValueFunction op type typmod
XmlExpr op name named_args* arg_names* args* xmloption indent
JsonFormat format_type encoding
JsonReturning format:JsonFormat typmod
JsonValueExpr raw_expr? format:JsonFormat
JsonIsPredicate expr? format:JsonFormat item_type unique_keys
JsonBehavior btype expr?
NullTest arg? nulltesttype argisrow
BooleanTest arg? booltesttype
SetToDefault
CurrentOfExpr cursor_name cursor_param
JoinExpr jointype isNatural larg? rarg? usingClause* join_using_alias:Alias quals? alias:Alias
TypeName names* setof pct_type typmods* typemod arrayBounds*
ColumnRef fields*
ParamRef number
A_Expr kind name* lexpr? rexpr? rexpr_list_start rexpr_list_end
TypeCast arg? typeName:TypeName
CollateClause arg? collname*
RoleSpec roletype rolename
FuncCall funcname* args* agg_order* agg_filter? over:WindowDef agg_within_group agg_star agg_distinct func_variadic
  funcformat
A_Star
A_Indices is_slice lidx? uidx?
A_Indirection arg? indirection*
A_ArrayExpr elements* list_start list_end
ResTarget name indirection* val?
MultiAssignRef source? colno ncolumns
SortBy node? sortby_dir sortby_nulls useOp*
WindowDef name refname partitionClause* orderClause* frameOptions startOffset? endOffset?
RangeSubselect lateral subquery? alias:Alias
RangeFunction lateral ordinality is_rowsfrom functions* alias:Alias coldeflist*
RangeTableFunc lateral docexpr? rowexpr? namespaces* columns* alias:Alias
RangeTableFuncCol colname typeName:TypeName for_ordinality is_not_null colexpr? coldefexpr?
RangeTableSample relation? method* args* repeatable?
ColumnDef colname typeName:TypeName compression inhcount is_local is_not_null is_from_type storage storage_name
  raw_default? identity generated collClause:CollateClause constraints* fdwoptions*
TableLikeClause relation:RangeVar options
IndexElem name expr? indexcolname collation* opclass* opclassopts* ordering nulls_ordering
DefElem defnamespace defname arg? defaction
LockingClause lockedRels* strength waitPolicy
XmlSerialize xmloption expr? typeName:TypeName indent
PartitionElem name expr? collation* opclass*
PartitionSpec strategy partParams*
PartitionBoundSpec strategy is_default modulus remainder listdatums* lowerdatums* upperdatums*
PartitionRangeDatum kind value?
PartitionCmd name:RangeVar bound:PartitionBoundSpec concurrent
GroupingSet kind content*
WithClause ctes* recursive
InferClause indexElems* whereClause? conname
OnConflictClause action infer:InferClause targetList* whereClause?
CTESearchClause search_col_list* search_breadth_first search_seq_column
CTECycleClause cycle_col_list* cycle_mark_column cycle_mark_value? cycle_mark_default? cycle_path_column
CommonTableExpr ctename aliascolnames* ctematerialized ctequery? search_clause:CTESearchClause
  cycle_clause:CTECycleClause
MergeWhenClause matchKind commandType override condition? targetList* values*
ReturningOption option value
ReturningClause options* exprs*
TriggerTransition name isNew isTable
JsonOutput typeName:TypeName returning:JsonReturning
JsonArgument val:JsonValueExpr name
JsonFuncExpr op column_name context_item:JsonValueExpr pathspec? passing* output:JsonOutput on_empty:JsonBehavior
  on_error:JsonBehavior wrapper quotes
JsonTablePathSpec string? name name_location
JsonTable context_item:JsonValueExpr pathspec:JsonTablePathSpec passing* columns* on_error:JsonBehavior alias:Alias
  lateral
JsonTableColumn coltype name typeName:TypeName pathspec:JsonTablePathSpec format:JsonFormat wrapper quotes columns*
  on_empty:JsonBehavior on_error:JsonBehavior
JsonKeyValue key? value:JsonValueExpr
JsonParseExpr expr:JsonValueExpr output:JsonOutput unique_keys
JsonScalarExpr expr? output:JsonOutput
JsonSerializeExpr expr:JsonValueExpr output:JsonOutput
JsonObjectConstructor exprs* output:JsonOutput absent_on_null unique
JsonArrayConstructor exprs* output:JsonOutput absent_on_null
JsonArrayQueryConstructor query? output:JsonOutput format:JsonFormat absent_on_null
JsonAggConstructor output:JsonOutput agg_filter? agg_order* over:WindowDef
JsonObjectAgg constructor:JsonAggConstructor arg:JsonKeyValue absent_on_null unique
JsonArrayAgg constructor:JsonAggConstructor arg:JsonValueExpr absent_on_null
RawStmt stmt? stmt_location stmt_len
InsertStmt relation:RangeVar cols* selectStmt? onConflictClause:OnConflictClause returningClause:ReturningClause
  withClause:WithClause override
DeleteStmt relation:RangeVar usingClause* whereClause? returningClause:ReturningClause withClause:WithClause
UpdateStmt relation:RangeVar targetList* whereClause? fromClause* returningClause:ReturningClause
  withClause:WithClause
MergeStmt relation:RangeVar sourceRelation? joinCondition? mergeWhenClauses* returningClause:ReturningClause
  withClause:WithClause
SelectStmt distinctClause* intoClause:IntoClause targetList* fromClause* whereClause? groupClause* groupDistinct
  havingClause? windowClause* valuesLists* sortClause* limitOffset? limitCount? limitOption lockingClause*
  withClause:WithClause op all larg:SelectStmt rarg:SelectStmt
ReturnStmt returnval?
CreateSchemaStmt schemaname authrole:RoleSpec schemaElts* if_not_exists
AlterTableStmt relation:RangeVar cmds* objtype missing_ok
AlterTableCmd subtype name num newowner:RoleSpec def? behavior missing_ok recurse
ATAlterConstraint conname alterEnforceability is_enforced alterDeferrability deferrable initdeferred
  alterInheritability noinherit
ReplicaIdentityStmt identity_type name
AlterCollationStmt collname*
AlterDomainStmt subtype typeName* name def? behavior missing_ok
GrantStmt is_grant targtype objtype objects* privileges* grantees* grant_option grantor:RoleSpec behavior
ObjectWithArgs objname* objargs* objfuncargs* args_unspecified
AccessPriv priv_name cols*
GrantRoleStmt granted_roles* grantee_roles* is_grant opt* grantor:RoleSpec behavior
AlterDefaultPrivilegesStmt options* action:GrantStmt
CopyStmt relation:RangeVar query? attlist* is_from is_program filename options* whereClause?
VariableSetStmt kind name args* jumble_args is_local
VariableShowStmt name
CreateStmt relation:RangeVar tableElts* inhRelations* partbound:PartitionBoundSpec partspec:PartitionSpec
  ofTypename:TypeName constraints* nnconstraints* options* oncommit tablespacename accessMethod if_not_exists
Constraint contype conname deferrable initdeferred is_enforced skip_validation initially_valid is_no_inherit
  raw_expr? cooked_expr generated_when generated_kind nulls_not_distinct keys* without_overlaps including*
  exclusions* options* indexname indexspace reset_default_tblspc access_method where_clause? pktable:RangeVar
  fk_attrs* pk_attrs* fk_with_period pk_with_period fk_matchtype fk_upd_action fk_del_action fk_del_set_cols*
  old_conpfeqop* old_pktable_oid
CreateTableSpaceStmt tablespacename owner:RoleSpec options*
DropTableSpaceStmt tablespacename missing_ok
AlterTableSpaceOptionsStmt tablespacename options* isReset
AlterTableMoveAllStmt orig_tablespacename objtype roles* new_tablespacename nowait
CreateExtensionStmt extname if_not_exists options*
AlterExtensionStmt extname options*
AlterExtensionContentsStmt extname action objtype object?
CreateFdwStmt fdwname func_options* options*
AlterFdwStmt fdwname func_options* options*
CreateForeignServerStmt servername servertype version fdwname if_not_exists options*
AlterForeignServerStmt servername version options* has_version
CreateForeignTableStmt base:CreateStmt servername options*
CreateUserMappingStmt user:RoleSpec servername if_not_exists options*
AlterUserMappingStmt user:RoleSpec servername options*
DropUserMappingStmt user:RoleSpec servername missing_ok
ImportForeignSchemaStmt server_name remote_schema local_schema list_type table_list* options*
CreatePolicyStmt policy_name table:RangeVar cmd_name permissive roles* qual? with_check?
AlterPolicyStmt policy_name table:RangeVar roles* qual? with_check?
CreateAmStmt amname handler_name* amtype
CreateTrigStmt replace isconstraint trigname relation:RangeVar funcname* args* row timing events columns*
  whenClause? transitionRels* deferrable initdeferred constrrel:RangeVar
CreateEventTrigStmt trigname eventname whenclause* funcname*
AlterEventTrigStmt trigname tgenabled
CreatePLangStmt replace plname plhandler* plinline* plvalidator* pltrusted
CreateRoleStmt stmt_type role options*
AlterRoleStmt role:RoleSpec options* action
AlterRoleSetStmt role:RoleSpec database setstmt:VariableSetStmt
DropRoleStmt roles* missing_ok
CreateSeqStmt sequence:RangeVar options* ownerId for_identity if_not_exists
AlterSeqStmt sequence:RangeVar options* for_identity missing_ok
DefineStmt kind oldstyle defnames* args* definition* if_not_exists replace
CreateDomainStmt domainname* typeName:TypeName collClause:CollateClause constraints*
CreateOpClassStmt opclassname* opfamilyname* amname datatype:TypeName items* isDefault
CreateOpClassItem itemtype name:ObjectWithArgs number order_family* class_args* storedtype:TypeName
CreateOpFamilyStmt opfamilyname* amname
AlterOpFamilyStmt opfamilyname* amname isDrop items*
DropStmt objects* removeType behavior missing_ok concurrent
TruncateStmt relations* restart_seqs behavior
CommentStmt objtype object? comment
SecLabelStmt objtype object? provider label
DeclareCursorStmt portalname options query?
ClosePortalStmt portalname
FetchStmt direction howMany portalname ismove
IndexStmt idxname relation:RangeVar accessMethod tableSpace indexParams* indexIncludingParams* options* whereClause?
  excludeOpNames* idxcomment unique nulls_not_distinct primary isconstraint iswithoutoverlaps deferrable
  initdeferred transformed concurrent if_not_exists reset_default_tblspc
CreateStatsStmt defnames* stat_types* exprs* relations* stxcomment transformed if_not_exists
StatsElem name expr?
AlterStatsStmt defnames* stxstattarget? missing_ok
CreateFunctionStmt is_procedure replace funcname* parameters* returnType:TypeName options* sql_body?
FunctionParameter name argType:TypeName mode defexpr?
AlterFunctionStmt objtype func:ObjectWithArgs actions*
DoStmt args*
CallStmt funccall:FuncCall
RenameStmt renameType relationType relation:RangeVar object? subname newname behavior missing_ok
AlterObjectDependsStmt objectType relation:RangeVar object? extname:String remove
AlterObjectSchemaStmt objectType relation:RangeVar object? newschema missing_ok
AlterOwnerStmt objectType relation:RangeVar object? newowner:RoleSpec
AlterOperatorStmt opername:ObjectWithArgs options*
AlterTypeStmt typeName* options*
RuleStmt relation:RangeVar rulename whereClause? event instead actions* replace
NotifyStmt conditionname payload
ListenStmt conditionname
UnlistenStmt conditionname
TransactionStmt kind options* savepoint_name gid chain
CompositeTypeStmt typevar:RangeVar coldeflist*
CreateEnumStmt typeName* vals*
CreateRangeStmt typeName* params*
AlterEnumStmt typeName* oldVal newVal newValNeighbor newValIsAfter skipIfNewValExists
ViewStmt view:RangeVar aliases* query? replace options* withCheckOption
LoadStmt filename
CreatedbStmt dbname options*
AlterDatabaseStmt dbname options*
AlterDatabaseRefreshCollStmt dbname
AlterDatabaseSetStmt dbname setstmt:VariableSetStmt
DropdbStmt dbname missing_ok options*
AlterSystemStmt setstmt:VariableSetStmt
ClusterStmt relation:RangeVar indexname params*
VacuumStmt options* rels* is_vacuumcmd
VacuumRelation relation:RangeVar va_cols*
ExplainStmt query? options*
CreateTableAsStmt query? into:IntoClause objtype is_select_into if_not_exists
RefreshMatViewStmt concurrent skipData relation:RangeVar
CheckPointStmt
DiscardStmt target
LockStmt relations* mode nowait
ConstraintsSetStmt constraints* deferred
ReindexStmt kind relation:RangeVar name params*
CreateConversionStmt conversion_name* for_encoding_name to_encoding_name func_name* def
CreateCastStmt sourcetype:TypeName targettype:TypeName func:ObjectWithArgs context inout
CreateTransformStmt replace type_name:TypeName lang fromsql:ObjectWithArgs tosql:ObjectWithArgs
PrepareStmt name argtypes* query?
ExecuteStmt name params*
DeallocateStmt name isall
DropOwnedStmt roles* behavior
ReassignOwnedStmt roles* newrole:RoleSpec
AlterTSDictionaryStmt dictname* options*
AlterTSConfigurationStmt kind cfgname* tokentype* dicts* override replace missing_ok
PublicationTable relation:RangeVar whereClause? columns*
PublicationObjSpec pubobjtype name pubtable:PublicationTable
CreatePublicationStmt pubname options* pubobjects* for_all_tables
AlterPublicationStmt pubname options* pubobjects* for_all_tables action
CreateSubscriptionStmt subname conninfo publication* options*
AlterSubscriptionStmt kind subname conninfo publication* options*
DropSubscriptionStmt subname missing_ok behavior
`

/** How to read a field: 0 a value, 1 a node, 2 a list of nodes, a string: a node of that type, unwrapped. */
export type FieldKind = 0 | 1 | 2 | string

export type Fields = Readonly<Record<string, FieldKind | undefined>>

/** Without a prototype: a field named `constructor` (JsonObjectAgg has one) is only what the list says. */
export const grammar: Readonly<Record<string, Fields | undefined>> = read()

function read(): Record<string, Fields> {
  const types: Record<string, Fields> = Object.create(null)
  for (const line of text.trim().replaceAll('\n  ', ' ').split('\n')) {
    const [type = '', ...fields] = line.split(' ')
    const kinds: Record<string, FieldKind> = Object.assign(Object.create(null), { location: 0 })
    for (const field of fields) assign(kinds, field)
    types[type] = kinds
  }
  return types
}

function assign(kinds: Record<string, FieldKind>, field: string): void {
  const [name = '', type] = field.split(':')
  if (type !== undefined) kinds[name] = type
  else if (name.endsWith('?')) kinds[name.slice(0, -1)] = 1
  else if (name.endsWith('*')) kinds[name.slice(0, -1)] = 2
  else kinds[name] = 0
}
