/** Values, expressions, queries and the statements that change rows, as grammar.ts reads them. */
export const queryGrammar = `
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
`
