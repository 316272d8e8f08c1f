// What every role may set (the contexts `user` and `superuser` of pg_settings), and what it does to us at its worst.

/** Harm us unless our sessions set them back, or do not harm us although they touch what we do; each with a hostile value. */
export const WITHSTOOD: Readonly<Record<string, string>> = {
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'America/Caracas',
  array_nulls: 'off',
  backslash_quote: 'off',
  bytea_output: 'escape',
  client_connection_check_interval: '1',
  client_encoding: 'LATIN1',
  client_min_messages: 'debug5',
  commit_delay: '1000',
  commit_siblings: '0',
  debug_logical_replication_streaming: 'immediate',
  debug_parallel_query: 'on',
  default_transaction_deferrable: 'on',
  default_transaction_isolation: 'serializable',
  default_transaction_read_only: 'on',
  event_triggers: 'off',
  exit_on_error: 'on',
  extra_float_digits: '-15',
  idle_in_transaction_session_timeout: '500',
  idle_session_timeout: '1000',
  lo_compat_privileges: 'on',
  lock_timeout: '500',
  logical_decoding_work_mem: '64',
  max_stack_depth: '100',
  plan_cache_mode: 'force_generic_plan',
  quote_all_identifiers: 'on',
  restrict_nonsystem_relation_kind: 'view, foreign-table',
  row_security: 'off',
  session_replication_role: 'replica',
  standard_conforming_strings: 'off',
  statement_timeout: '500',
  stats_fetch_consistency: 'snapshot',
  synchronize_seqscans: 'off',
  synchronous_commit: 'off',
  timezone_abbreviations: 'Australia',
  track_activities: 'off',
  track_counts: 'off',
  transaction_timeout: '1000',
  transform_null_equals: 'on',
  wal_sender_timeout: '500',
  work_mem: '64',
  xmlbinary: 'hex',
  xmloption: 'document',
};

interface Refused {
  readonly settings: Readonly<Record<string, string>>;
  /** What is told; undefined: it works all the same. */
  readonly api: RegExp | undefined;
  readonly relay: RegExp;
  /** The relay ends instead of trying again. */
  readonly endsRelay?: true;
}

/** Take something away that only a person can give back. */
export const REFUSED: Readonly<Record<string, Refused>> = {
  search_path: {
    settings: { search_path: 'nowhere' },
    api: /no table outbox on the search_path \(nowhere\).*\bpublic\b.*ALTER ROLE/,
    relay: /outbox does not exist.*search_path is nowhere: .*ALTER ROLE.*OUTBOX_TABLE/,
    endsRelay: true,
  },
  temp_file_limit: {
    settings: {
      temp_file_limit: '0',
      work_mem: '64',
      enable_indexscan: 'off',
      enable_indexonlyscan: 'off',
      enable_bitmapscan: 'off',
    },
    api: undefined,
    relay: /"temp_file_limit" \(0kB\) \(53400\): .*temp_file_limit/,
  },
  dynamic_library_path: {
    settings: { dynamic_library_path: '/nowhere' },
    api: undefined,
    relay: /"pgoutput".*\(58P01\): .*dynamic_library_path/,
  },
  local_preload_libraries: {
    settings: { local_preload_libraries: 'nowhere' },
    api: /plugins\/nowhere/,
    relay: /plugins\/nowhere.*\(58P01\): .*local_preload_libraries/,
  },
  session_preload_libraries: {
    settings: { session_preload_libraries: 'nowhere' },
    api: /"nowhere"/,
    relay: /"nowhere".*\(58P01\): .*session_preload_libraries/,
  },
};

/** Why others need no value here. A name may end with *. */
export const HARMLESS: Readonly<Record<string, string>> = {
  'how a query is planned: its answer is the same': `constraint_exclusion cpu_* cursor_tuple_fraction effective_cache_size enable_*
    force_parallel_mode from_collapse_limit geqo* hash_mem_multiplier jit* join_collapse_limit max_parallel_workers*
    min_parallel_* parallel_* random_page_cost recursive_worktable_factor seq_page_cost`,
  'how fast it reads, writes or sorts': `backend_flush_after debug_discard_caches effective_io_concurrency io_combine_limit
    maintenance_io_concurrency temp_buffers wal_compression wal_init_zero wal_recycle wal_skip_threshold`,
  'what the server logs, counts or prints for people': `application_name backtrace_functions compute_query_id debug_pretty_print
    debug_print_* escape_string_warning log_* md5_password_warnings trace_* track_cost_delay_timing track_functions track_io_timing
    track_wal_io_timing update_process_title`,
  'the words and forms of languages: errors are told by their SQLSTATE, and no number or time is written in words': `lc_messages
    lc_monetary lc_numeric lc_time`,
  'when a dead connection is noticed by the server; the relay has a lease, and both processes replace what is cut':
    'tcp_keepalives_count tcp_keepalives_idle tcp_keepalives_interval tcp_user_timeout',
  'when a deadlock is looked for: lock_timeout comes first': 'deadlock_timeout',
  'of statements that no process sends: CREATE, ALTER, VACUUM, ANALYZE, COPY and functions of one’s own': `allow_in_place_tablespaces
    allow_system_table_mods check_function_bodies createrole_self_grant default_statistics_target default_table_access_method
    default_tablespace default_toast_compression extension_control_path extension_destdir file_copy_method icu_validation_level
    maintenance_work_mem max_parallel_maintenance_workers password_encryption scram_iterations vacuum_*`,
  'of kinds of index and search that no table of ours has': 'default_text_search_config gin_*',
  'of one transaction, and begun anew with each by the defaults for them':
    'transaction_deferrable transaction_isolation transaction_read_only',
  'where temporary files go: what is not there is passed over': 'temp_tablespaces',
  'of a damaged disk, and for the server’s makers':
    'ignore_checksum_failure wal_consistency_checking zero_damaged_pages',
};
