"""What MiniStack 1.5.33 does otherwise than AWS, closed one by one: each a named function with its reason.

The stack under test is never changed to suit the emulator. A gap whose place in MiniStack is gone ends the emulator
at once and names the version, so that an upgrade is a decision and not a surprise.
"""

from __future__ import annotations

from collections.abc import Callable

from checks.twin.gaps import (
    alarms,
    apis,
    backups,
    buckets,
    certificates,
    challenges,
    compression,
    credentials,
    functions,
    lockouts,
    log_deliveries,
    messages,
    missing_types,
    nights,
    origins,
    recovery,
    registrations,
    restores,
    signups,
    subscriptions,
    tables,
    templates,
    tokens,
    viewers,
    zones,
)
from checks.twin.gaps.patching import READ_FROM, GapDoesNotFit, Grounds, running_version

__all__ = ["GAPS", "READ_FROM", "GapDoesNotFit", "Grounds", "close_all", "running_version"]

Close = Callable[[Grounds], None]

GAPS: tuple[Close, ...] = (
    credentials.check_the_administrators_signature,
    credentials.sign_refusals_with_a_request_id,
    credentials.ask_for_lambdas_actions_by_their_names,
    credentials.ask_for_budgets_actions_by_their_names,
    credentials.ask_for_what_readers_name,
    credentials.ask_for_what_is_of_no_region,
    origins.route_api_origins_to_this_emulator,
    origins.refuse_a_foreign_host_at_api_origins,
    origins.tell_a_missing_key_to_those_who_may_list,
    origins.fetch_from_buckets_over_tls,
    tokens.verify_tokens_with_the_pools_own_keys,
    tokens.take_identity_tokens_where_no_scope_is_asked,
    tokens.match_audiences_with_the_expression,
    challenges.call_people_by_their_own_name,
    challenges.call_triggers_as_a_service,
    challenges.ask_nobody_like_anybody,
    challenges.let_a_session_answer_once,
    signups.ask_before_a_sign_up,
    signups.tell_that_somebody_is_confirmed,
    signups.tell_that_somebody_signed_in,
    signups.keep_attributes_from_clients,
    lockouts.make_guessers_wait,
    viewers.believe_the_edge_about_the_viewer,
    viewers.allow_reading_methods_by_default,
    viewers.show_functions_the_root_as_it_was_asked,
    viewers.read_configurations_once,
    origins.read_authorities_once,
    viewers.tell_a_redirect_from_an_error,
    viewers.complete_configurations_of_stacks,
    certificates.issue_real_leaves,
    certificates.read_imported_certificates,
    certificates.tell_who_uses_a_certificate,
    certificates.publish_validation_records,
    zones.give_each_zone_its_own_name_servers,
    registrations.register_domains,
    templates.hear_custom_resources,
    templates.refer_to_secrets_by_arn,
    templates.complete_indexes_of_tables,
    templates.keep_percentiles_of_alarms,
    alarms.keep_metric_maths_of_alarms,
    alarms.silence_alarms_by_alarms,
    alarms.keep_metrics_in_order,
    alarms.evaluate_alarms_as_declared,
    functions.start_environments_a_few_at_a_time,
    functions.evaluate_at_the_edge_a_few_at_a_time,
    functions.measure_functions,
    apis.keep_access_log_settings_of_stacks,
    apis.keep_request_validators_of_stacks,
    apis.tell_the_state_of_api_names,
    apis.give_a_request_one_id,
    apis.measure_apis,
    apis.write_access_logs,
    tables.honour_declared_point_in_time_recovery,
    tables.lag_behind_like_point_in_time_recovery,
    tables.honour_deletion_protection_of_stacks,
    tables.honour_declared_time_to_live,
    buckets.tell_whether_a_bucket_is_public,
    buckets.keep_lifecycles_of_stacks,
    buckets.keep_locks_and_logging_of_stacks,
    backups.create_backup_selections,
    recovery.keep_locks_of_vaults,
    recovery.keep_notices_of_vaults,
    recovery.keep_what_was_backed_up,
    restores.restore_tables_as_they_were,
    restores.restore_what_was_backed_up,
    messages.tell_how_text_messages_are_limited,
    missing_types.create_composite_alarms,
    missing_types.create_budgets,
    missing_types.create_identity_providers,
    missing_types.put_firewalls_before_resources,
    log_deliveries.create_log_deliveries,
    subscriptions.describe_subscriptions_of_stacks,
    nights.keep_time_zones_of_schedules,
    subscriptions.spell_cors_of_http_apis,
    compression.compress_as_the_behaviour_says,
    nights.fire_schedules_in_their_time_zone,
    nights.fill_in_what_a_schedule_knows,
    nights.count_what_rules_call,
    nights.read_metrics_from_log_lines,
    nights.answer_pings_of_dynamodb,
    zones.count_what_stacks_change,
)


def close_all(grounds: Grounds) -> None:
    """Close every gap in this process.

    Raises GapDoesNotFit for the first that finds its place changed.
    """
    for close in GAPS:
        close(grounds)
