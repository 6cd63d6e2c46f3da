import type { Effect } from '../../policies/input.ts'

/**
 * What PostgreSQL's own functions do beyond computing a value. Reviewed against pg_proc of PostgreSQL 13 to 18: every
 * volatile function is either named here or listed as harmless, and a volatile one that is neither is unknown. Stable
 * and immutable ones are harmless unless named here (some of those run SQL, too: table_to_xml, for one).
 */
export interface BuiltinEffect {
  readonly effect: Exclude<Effect, 'read'>
  readonly external?: 'file' | 'network' | 'library'
}

const groups: readonly (readonly [BuiltinEffect, string])[] = [
  [
    { effect: 'write' },
    `nextval setval lo_creat lo_create lo_from_bytea lo_put lo_truncate lo_truncate64 lo_unlink lowrite pg_notify
     pg_logical_emit_message gin_clean_pending_list brin_desummarize_range brin_summarize_new_values
     brin_summarize_range pg_extension_config_dump pg_import_system_collations pg_nextoid`,
  ],
  [
    { effect: 'session' },
    `set_config setseed pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all
     pg_advisory_unlock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_sleep pg_sleep_for pg_sleep_until
     lo_close lo_lseek lo_lseek64 lo_tell lo_tell64`,
  ],
  [
    { effect: 'transaction' },
    `pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared
     txid_current pg_current_xact_id pg_export_snapshot`,
  ],
  [
    { effect: 'external', external: 'file' },
    `pg_read_file pg_read_file_old pg_read_binary_file pg_stat_file pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir
     pg_ls_archive_statusdir pg_ls_logicalmapdir pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir
     pg_current_logfile pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings lo_import lo_export lo_open
     lo_get loread pg_rotate_logfile pg_rotate_logfile_old pg_available_wal_summaries pg_wal_summary_contents
     pg_get_wal_summarizer_state`,
  ],
  [
    { effect: 'privilege' },
    `pg_terminate_backend pg_cancel_backend pg_reload_conf pg_promote pg_switch_wal pg_create_restore_point
     pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup pg_is_in_backup pg_log_backend_memory_contexts
     pg_log_standby_snapshot pg_copy_logical_replication_slot pg_copy_physical_replication_slot
     pg_create_logical_replication_slot pg_create_physical_replication_slot pg_drop_replication_slot
     pg_replication_slot_advance pg_sync_replication_slots pg_replication_origin_advance pg_replication_origin_create
     pg_replication_origin_drop pg_replication_origin_session_reset pg_replication_origin_session_setup
     pg_replication_origin_xact_reset pg_replication_origin_xact_setup pg_wal_replay_pause pg_wal_replay_resume
     pg_stat_reset pg_stat_reset_backend_stats pg_stat_reset_replication_slot pg_stat_reset_shared
     pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters pg_stat_reset_slru
     pg_stat_reset_subscription_stats pg_clear_attribute_stats pg_clear_relation_stats pg_restore_attribute_stats
     pg_restore_relation_stats pg_stop_making_pinned_objects binary_upgrade_add_sub_rel_state
     binary_upgrade_create_empty_extension binary_upgrade_logical_slot_has_caught_up binary_upgrade_replorigin_advance
     binary_upgrade_set_missing_value binary_upgrade_set_next_array_pg_type_oid
     binary_upgrade_set_next_heap_pg_class_oid binary_upgrade_set_next_heap_relfilenode
     binary_upgrade_set_next_index_pg_class_oid binary_upgrade_set_next_index_relfilenode
     binary_upgrade_set_next_multirange_array_pg_type_oid binary_upgrade_set_next_multirange_pg_type_oid
     binary_upgrade_set_next_pg_authid_oid binary_upgrade_set_next_pg_enum_oid
     binary_upgrade_set_next_pg_tablespace_oid binary_upgrade_set_next_pg_type_oid
     binary_upgrade_set_next_toast_pg_class_oid binary_upgrade_set_next_toast_relfilenode
     binary_upgrade_set_record_init_privs`,
  ],
  // These run SQL from a string, or open a window into other people's statements, rows or memory.
  [
    { effect: 'unknown' },
    `query_to_xml query_to_xml_and_xmlschema query_to_xmlschema cursor_to_xml cursor_to_xmlschema table_to_xml
     table_to_xml_and_xmlschema table_to_xmlschema schema_to_xml schema_to_xml_and_xmlschema schema_to_xmlschema
     database_to_xml database_to_xml_and_xmlschema database_to_xmlschema ts_stat pg_logical_slot_get_changes
     pg_logical_slot_get_binary_changes pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes
     pg_mcv_list_items pg_stat_get_activity pg_stat_get_backend_activity pg_prepared_statement pg_cursor
     pg_prepared_xact currtid currtid2 plpgsql_inline_handler`,
  ],
]

const harmlessVolatile = `RI_FKey_cascade_del RI_FKey_cascade_upd RI_FKey_check_ins RI_FKey_check_upd RI_FKey_noaction_del
  RI_FKey_noaction_upd RI_FKey_restrict_del RI_FKey_restrict_upd RI_FKey_setdefault_del RI_FKey_setdefault_upd
  RI_FKey_setnull_del RI_FKey_setnull_upd amvalidate array_sample array_shuffle bernoulli system clock_timestamp
  current_query currval lastval gen_random_uuid uuidv4 uuidv7 random random_normal timeofday pg_blocking_pids
  pg_safe_snapshot_blocking_pids pg_collation_actual_version pg_database_collation_actual_version pg_control_checkpoint
  pg_control_init pg_control_recovery pg_control_system pg_current_wal_flush_lsn pg_current_wal_insert_lsn
  pg_current_wal_lsn pg_database_size pg_indexes_size pg_relation_size pg_table_size pg_tablespace_size
  pg_total_relation_size pg_get_multixact_members pg_get_sequence_data pg_get_wait_events
  pg_get_wal_replay_pause_state pg_get_wal_resource_managers pg_is_in_recovery pg_is_wal_replay_paused
  pg_isolation_test_session_is_blocked pg_jit_available pg_last_committed_xact pg_last_wal_receive_lsn
  pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status pg_notification_queue_usage
  pg_partition_ancestors pg_partition_tree pg_sequence_last_value pg_show_replication_origin_status
  pg_replication_origin_progress pg_replication_origin_session_is_setup pg_replication_origin_session_progress
  pg_stat_clear_snapshot pg_stat_force_next_flush pg_stat_get_backend_io pg_stat_get_backend_wal pg_stat_get_io
  pg_stat_get_recovery_prefetch pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit
  pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time
  pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched
  pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted pg_stat_get_xact_tuples_newpage_updated
  pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated pg_stat_have_stats pg_xact_commit_timestamp
  pg_xact_commit_timestamp_origin pg_xact_status txid_status suppress_redundant_updates_trigger
  tsvector_update_trigger tsvector_update_trigger_column unique_key_recheck ts_rewrite`

const named = new Map(groups.flatMap(([effect, names]) => words(names).map((name) => [name, effect] as const)))
const harmless = new Set(words(harmlessVolatile))
const unknown: BuiltinEffect = { effect: 'unknown' }

/**
 * @param name of a function in pg_catalog
 * @returns null for a function that only computes
 */
export function builtinEffect(name: string, volatile: boolean, argumentCount: number): BuiltinEffect | null {
  // Its two-argument form takes the text of a query and runs it; the other only works on its arguments.
  if (name === 'ts_rewrite' && argumentCount === 2) return unknown
  const effect = named.get(name)
  if (effect !== undefined) return effect
  return volatile && !harmless.has(name) ? unknown : null
}

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}
