/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics_text.c - counters as text: HELP, TYPE and samples of one family after the other, in base units. */
#include "config.h"

#include "metrics.h"

#include "rule.h"

#include <inttypes.h>

static void family(struct as_buf *out, const char *name, const char *type, const char *help)
{
	as_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: what would end it is escaped. */
static void put_label(struct as_buf *out, const char *name, const char *value)
{
	as_buf_printf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\n')
			as_buf_puts(out, "\\n");
		else if (*value == '"' || *value == '\\')
			as_buf_printf(out, "\\%c", *value);
		else
			as_buf_putc(out, *value);
	}
	as_buf_putc(out, '"');
}

static void sample(struct as_buf *out, const char *name, const char *label, const char *value, uint64_t number)
{
	as_buf_printf(out, "%s{", name);
	put_label(out, label, value);
	as_buf_printf(out, "} %" PRIu64 "\n", number);
}

static void single(struct as_buf *out, const char *name, const char *type, const char *help, uint64_t number)
{
	family(out, name, type, help);
	as_buf_printf(out, "%s %" PRIu64 "\n", name, number);
}

static uint64_t get(const atomic_ullong *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void put_seconds(struct as_buf *out, uint64_t us)
{
	as_buf_printf(out, "%" PRIu64 ".%06u", us / 1000000, (unsigned)(us % 1000000));
}

/* --- the service ---------------------------------------------------------------------------------------------------- */

static void write_service(struct as_buf *out, const struct as_metrics *m, const struct as_metrics_state *state)
{
	family(out, "assay_build_info", "gauge", "Version of assayd; the value is always 1.");
	sample(out, "assay_build_info", "version", PACKAGE_VERSION, 1);
	family(out, "assay_reloads_total", "counter", "Attempts to read the configuration again.");
	sample(out, "assay_reloads_total", "result", "success", get(&m->reloads[true]));
	sample(out, "assay_reloads_total", "result", "failure", get(&m->reloads[false]));
	single(out, "assay_config_last_reload_successful", "gauge", "0 when the latest reload failed and the old configuration stayed.",
	       !atomic_load(&m->is_reload_failed));
	single(out, "assay_config_last_reload_success_timestamp_seconds", "gauge", "When the configuration that holds was read.",
	       (uint64_t)atomic_load(&m->loaded_s));
	single(out, "assay_report_only", "gauge", "1 when report-only is on: what would be done is counted, but not done.",
	       state->settings->report_only);
	single(out, "assay_connections_open", "gauge", "Connections from the MTA.", state->connections);
	single(out, "assay_connections_maximum", "gauge", "The setting maximum-connections; 0 is no bound.",
	       (uint64_t)state->settings->maximum_connections);
	single(out, "assay_connections_total", "counter", "Connections from the MTA.",
	       get(&m->connections[AS_METRICS_SERVED]) + get(&m->connections[AS_METRICS_CROWDED]));
	family(out, "assay_connections_refused_total", "counter",
	       "Those beyond maximum-connections, whose messages are deferred (crowded), and those of an MTA that lacks something "
	       "(unfit).");
	sample(out, "assay_connections_refused_total", "reason", "crowded", get(&m->connections[AS_METRICS_CROWDED]));
	sample(out, "assay_connections_refused_total", "reason", "unfit", get(&m->connections[AS_METRICS_UNFIT]));
}

/* --- messages ------------------------------------------------------------------------------------------------------- */

static void write_actions(struct as_buf *out, const char *name, const char *help, const atomic_ullong *counters, enum as_verb first)
{
	family(out, name, "counter", help);
	for (enum as_verb verb = first; verb <= AS_VERB_REJECT; verb++)
		sample(out, name, "action", as_verb_name(verb), get(&counters[verb]));
}

static void write_time(struct as_buf *out, const struct as_metrics *m)
{
	static const char name[] = "assay_evaluation_seconds";
	uint64_t count = 0;
	family(out, name, "histogram", "Time from the end of a message to its answer.");
	for (size_t i = 0; i < AS_METRICS_BOUNDS; i++) {
		count += get(&m->within[i]);
		as_buf_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, (double)as_metrics_bound(i) / 1e6, count);
	}
	count += get(&m->within[AS_METRICS_BOUNDS]);
	as_buf_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum ", name, count, name);
	put_seconds(out, get(&m->time_us));
	as_buf_printf(out, "\n%s_count %" PRIu64 "\n", name, count);
}

static void write_messages(struct as_buf *out, const struct as_metrics *m, const struct as_metrics_state *state)
{
	single(out, "assay_messages_in_flight", "gauge", "Messages between MAIL and their answer.", state->messages);
	write_actions(out, "assay_messages_total", "Messages by what was done with them.", m->actions, AS_VERB_ACCEPT);
	write_actions(out, "assay_messages_spared_total", "Messages that report-only accepted, by what would have been done with them.",
		      m->spared, AS_VERB_TAG);
	family(out, "assay_messages_deferred_total", "counter",
	       "Messages deferred without a look, for too many connections (crowded), a stop of the daemon (stopping) or lack of "
	       "memory (memory).");
	sample(out, "assay_messages_deferred_total", "reason", "crowded", get(&m->deferred[AS_METRICS_CROWDED]));
	sample(out, "assay_messages_deferred_total", "reason", "stopping", get(&m->deferred[AS_METRICS_STOPPING]));
	sample(out, "assay_messages_deferred_total", "reason", "memory", get(&m->deferred[AS_METRICS_MEMORY]));
	single(out, "assay_message_bytes_total", "counter", "Bytes of header and body of the messages that were judged.", get(&m->bytes));
	single(out, "assay_internal_errors_total", "counter", "Messages that assayd itself failed to judge, or to answer as decided.",
	       get(&m->internal_errors));
	single(out, "assay_memory_shortages_total", "counter", "How often the system had no memory left.", state->shortages);
	family(out, "assay_dropped_total", "counter",
	       "Lines of the log that nobody took, traces and captures that did not reach the disk.");
	sample(out, "assay_dropped_total", "what", "log-lines", state->lost_lines);
	sample(out, "assay_dropped_total", "what", "traces", state->lost_traces);
	sample(out, "assay_dropped_total", "what", "captures", state->lost_captures);
	write_time(out, m);
}

/* --- findings ------------------------------------------------------------------------------------------------------- */

enum { BIT_NONE = 1 << AS_NONE, BIT_PASS = 1 << AS_PASS, BIT_FAIL = 1 << AS_FAIL, BIT_SOFTFAIL = 1 << AS_SOFTFAIL,
       BIT_NEUTRAL = 1 << AS_NEUTRAL, BIT_POLICY = 1 << AS_POLICY, BIT_TEMPERROR = 1 << AS_TEMPERROR, BIT_PERMERROR = 1 << AS_PERMERROR };

/* The words that each method has: they are there with 0 before the first such message. */
static const unsigned words[AS_METRICS_METHODS] = {
	[AS_METRICS_SPF] = BIT_NONE | BIT_PASS | BIT_FAIL | BIT_SOFTFAIL | BIT_NEUTRAL | BIT_TEMPERROR | BIT_PERMERROR,
	[AS_METRICS_DKIM] = BIT_NONE | BIT_PASS | BIT_FAIL | BIT_POLICY | BIT_TEMPERROR,
	[AS_METRICS_ARC] = BIT_NONE | BIT_PASS | BIT_FAIL,
	[AS_METRICS_DMARC] = BIT_NONE | BIT_PASS | BIT_FAIL | BIT_TEMPERROR | BIT_PERMERROR,
	[AS_METRICS_IPREV] = BIT_PASS | BIT_FAIL | BIT_TEMPERROR | BIT_PERMERROR,
};

static void write_finding(struct as_buf *out, const char *name, size_t method, const char *label, const char *word, uint64_t number)
{
	as_buf_printf(out, "%s{method=\"%s\",%s=\"%s\"} %" PRIu64 "\n", name, as_metrics_method_name((enum as_metrics_method)method), label,
		      word, number);
}

static void write_findings(struct as_buf *out, const struct as_metrics *m)
{
	static const char results[] = "assay_results_total", states[] = "assay_dnssec_states_total";
	family(out, results, "counter", "Messages by method and result; all signatures of a message are one result.");
	for (size_t method = 0; method < AS_METRICS_METHODS; method++)
		for (size_t code = 0; code < AS_CODES; code++)
			if (words[method] & 1U << code)
				write_finding(out, results, method, "result", as_code_name((enum as_code)code),
					      get(&m->results[method][code]));
	family(out, states, "counter", "Results that rest on lookups, by the weakest DNSSEC state of these; each signature is one result.");
	for (size_t method = 0; method < AS_METRICS_METHODS; method++)
		for (size_t state = 0; state <= AS_DNSSEC_BOGUS; state++)
			write_finding(out, states, method, "state", as_dnssec_name((enum as_dnssec)state), get(&m->states[method][state]));
}

static void write_decisions(struct as_buf *out, const struct as_metrics *m)
{
	static const char decisions[] = "assay_decisions_total";
	size_t count;
	struct as_tally_entry **entries = as_tally_list(out->arena, m->tally, &count);
	family(out, decisions, "counter", "Messages by the rule of the configuration, or the row of the built-in table, that decided.");
	for (size_t i = 0; i < count; i++)
		sample(out, decisions, "rule", entries[i]->name, get(&entries[i]->decided));
}

static const char *action_name(const struct as_rule *rule)
{
	return rule->is_report_only ? "report-only" : as_verb_name(rule->verb);
}

/* A time of every rule that has one: 0 is none. */
static void write_times(struct as_buf *out, const char *name, const char *help, const struct as_metrics_state *state,
			int64_t (*time_of)(const struct as_rule *rule, const struct as_rule_stat *stat))
{
	const struct as_rules *rules = state->settings->rules;
	family(out, name, "gauge", help);
	for (size_t i = 0; rules && i < rules->count; i++) {
		const struct as_rule *rule = &rules->list[i];
		int64_t time_s = time_of(rule, as_rule_stats_find(&state->rules, rule->name, rule->fingerprint));
		if (time_s > 0)
			sample(out, name, "rule", rule->name, (uint64_t)time_s);
	}
}

static int64_t expiry_of(const struct as_rule *rule, const struct as_rule_stat *stat)
{
	(void)stat;
	return rule->expires_s;
}

static int64_t since_of(const struct as_rule *rule, const struct as_rule_stat *stat)
{
	(void)rule;
	return stat ? stat->since_s : 0;
}

static int64_t last_of(const struct as_rule *rule, const struct as_rule_stat *stat)
{
	(void)rule;
	return stat ? stat->last_s : 0;
}

static void write_rules(struct as_buf *out, const struct as_metrics *m, const struct as_metrics_state *state)
{
	static const char info[] = "assay_rule_info", hits[] = "assay_rule_hits_total";
	const struct as_rules *rules = state->settings->rules;
	family(out, info, "gauge", "Rules of the configuration; the value is always 1.");
	for (size_t i = 0; rules && i < rules->count; i++) {
		as_buf_printf(out, "%s{", info);
		put_label(out, "rule", rules->list[i].name);
		as_buf_printf(out, ",action=\"%s\"} 1\n", action_name(&rules->list[i]));
	}
	family(out, hits, "counter", "Messages of which the rule took a recipient at least, or which it matched in report-only.");
	for (size_t i = 0; rules && i < rules->count; i++)
		sample(out, hits, "rule", rules->list[i].name, as_tally_hits(m->tally, rules->list[i].name));
	write_times(out, "assay_rule_first_seen_timestamp_seconds", "Since when it is known whether the rule, as it stands, matched.",
		    state, since_of);
	write_times(out, "assay_rule_last_hit_timestamp_seconds", "When the rule matched last; rules that never did are not here.", state,
		    last_of);
	write_times(out, "assay_rule_expiry_timestamp_seconds", "When the rule stops to match; rules without a date are not here.", state,
		    expiry_of);
}

/* They begin anew with a reload, as the configurations do that they compare. */
static void write_shadow(struct as_buf *out, const struct as_shadow_counts *counts)
{
	static const char messages[] = "assay_shadow_messages_total";
	if (!counts)
		return;
	family(out, messages, "counter", "Messages by the action of the configuration in force and that of the shadow configuration.");
	for (enum as_verb held = AS_VERB_ACCEPT; held <= AS_VERB_REJECT; held++)
		for (enum as_verb tried = AS_VERB_ACCEPT; tried <= AS_VERB_REJECT; tried++)
			as_buf_printf(out, "%s{action=\"%s\",shadow=\"%s\"} %" PRIu64 "\n", messages, as_verb_name(held),
				      as_verb_name(tried), get(&counts->pairs[held][tried]));
	single(out, "assay_shadow_other_rule_total", "counter", "Those of equal actions by another rule, or with another code.",
	       get(&counts->other_rule));
	single(out, "assay_shadow_unknown_total", "counter", "Messages of which the action of the shadow configuration is not known.",
	       get(&counts->unknown));
}

/* --- DNS and the process -------------------------------------------------------------------------------------------- */

static void write_dns(struct as_buf *out, const struct as_dns_stats *dns)
{
	single(out, "assay_dns_questions_total", "counter", "Lookups that messages asked for.", dns->asked);
	single(out, "assay_dns_cache_hits_total", "counter", "Lookups that the cache answered.", dns->hits);
	single(out, "assay_dns_cache_misses_total", "counter", "Lookups that the cache did not answer.", dns->merged + dns->sent);
	single(out, "assay_dns_queries_total", "counter", "Lookups handed to the resolver; equal ones at a time are one.", dns->sent);
	single(out, "assay_dns_failures_total", "counter", "Queries that the resolver could not answer, bogus ones among them.",
	       dns->failures);
	single(out, "assay_dns_bogus_total", "counter", "Queries whose answer failed DNSSEC validation.", dns->bogus);
	single(out, "assay_dns_timeouts_total", "counter", "Lookups given up at the end of evaluation-timeout.", dns->timeouts);
	single(out, "assay_dns_over_budget_total", "counter", "Lookups refused because a message had used up maximum-queries.",
	       dns->over_budget);
	single(out, "assay_dns_crowded_total", "counter", "Early lookups left out because very many were under way.", dns->crowded);
	single(out, "assay_dns_queries_in_flight", "gauge", "Queries that the resolver works on.", dns->under_way);
	single(out, "assay_dns_cache_entries", "gauge", "Answers in the cache.", dns->cache_entries);
	single(out, "assay_dns_cache_bytes", "gauge", "Size of the cache.", dns->cache_bytes);
	single(out, "assay_dns_cache_limit_bytes", "gauge", "Its bound: a part of the setting dns.cache-size.", dns->cache_limit);
}

static void known(struct as_buf *out, const char *name, const char *help, int64_t number)
{
	if (number >= 0)
		single(out, name, "gauge", help, (uint64_t)number);
}

static void write_process(struct as_buf *out, const struct as_metrics *m, const struct as_metrics_state *state)
{
	known(out, "process_start_time_seconds", "When assayd was started.", m->started_s);
	known(out, "process_resident_memory_bytes", "Memory in RAM.", state->resident_bytes);
	known(out, "process_virtual_memory_bytes", "Address space.", state->virtual_bytes);
	known(out, "process_open_fds", "Open file descriptors.", state->descriptors);
	known(out, "process_max_fds", "File descriptors that may be open.", state->most_descriptors);
	known(out, "process_threads", "Threads.", state->threads);
	if (state->cpu_us < 0)
		return;
	family(out, "process_cpu_seconds_total", "counter", "Time of the processors.");
	as_buf_puts(out, "process_cpu_seconds_total ");
	put_seconds(out, (uint64_t)state->cpu_us);
	as_buf_putc(out, '\n');
}

void as_metrics_write(struct as_buf *out, const struct as_metrics *m, const struct as_metrics_state *state)
{
	write_service(out, m, state);
	write_messages(out, m, state);
	write_findings(out, m);
	write_decisions(out, m);
	write_rules(out, m, state);
	write_shadow(out, state->shadow);
	write_dns(out, &state->dns);
	write_process(out, m, state);
}
