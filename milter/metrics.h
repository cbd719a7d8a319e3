/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics.h - what the daemon counts, and its text form for Prometheus (exposition format 0.0.4).
 *
 * Counters are atomic and belong to nobody: counting takes no lock. What a stranger wrote never becomes a label: labels are words of the
 * program and names of the configuration.
 */
#ifndef AS_METRICS_H
#define AS_METRICS_H

#include "dns.h"
#include "engine.h"
#include "rule_stats.h"
#include "settings.h"
#include "shadow_counts.h"
#include "str.h"
#include "tally.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum as_metrics_method { AS_METRICS_SPF, AS_METRICS_DKIM, AS_METRICS_ARC, AS_METRICS_DMARC, AS_METRICS_IPREV };
enum { AS_METRICS_METHODS = AS_METRICS_IPREV + 1 };

/* What becomes of connections, and of messages that are deferred without a look. An unfit connection was served before. */
enum as_metrics_fate { AS_METRICS_SERVED, AS_METRICS_CROWDED, AS_METRICS_STOPPING, AS_METRICS_MEMORY, AS_METRICS_UNFIT };
enum { AS_METRICS_FATES = AS_METRICS_UNFIT + 1 };

enum { AS_METRICS_BOUNDS = 12 }; /* of the histogram, without +Inf */

struct as_metrics {
	int64_t started_s; /* wall clock */
	atomic_ullong connections[AS_METRICS_FATES];
	atomic_ullong deferred[AS_METRICS_FATES];    /* messages */
	atomic_ullong actions[AS_VERB_REJECT + 1];   /* messages, by what was done */
	atomic_ullong spared[AS_VERB_REJECT + 1];    /* messages accepted for report-only, by what would have been done */
	atomic_ullong results[AS_METRICS_METHODS][AS_CODES];
	atomic_ullong states[AS_METRICS_METHODS][AS_DNSSEC_BOGUS + 1];
	atomic_ullong bytes;
	atomic_ullong internal_errors;
	atomic_ullong within[AS_METRICS_BOUNDS + 1]; /* messages by time, each in one */
	atomic_ullong time_us;
	atomic_ullong reloads[2]; /* failed, done */
	atomic_llong loaded_s;    /* when the configuration that holds was read */
	atomic_bool is_reload_failed; /* the latest one */
	struct as_tally *tally;
};

void as_metrics_init(struct as_metrics *metrics, int64_t now_s);
void as_metrics_clear(struct as_metrics *metrics);

/* Makes counters for the rules of a configuration, so that they are there with 0 before the first match. */
void as_metrics_expect(struct as_metrics *metrics, const struct as_settings *settings);

/* The attempt to read the configuration again. */
void as_metrics_reload(struct as_metrics *metrics, bool is_done, int64_t now_s);

void as_metrics_connection(struct as_metrics *metrics, enum as_metrics_fate fate);
void as_metrics_deferred(struct as_metrics *metrics, enum as_metrics_fate fate);

/* A message has its verdict. done: what the MTA was told, which is not what was decided when libmilter could not do it. us: the time that
 * the end of message took, in microseconds. */
void as_metrics_message(struct as_metrics *metrics, const struct as_message *message, enum as_verb done, int64_t us);

/* What others know, at the moment of asking. */
struct as_metrics_state {
	unsigned connections, messages; /* now */
	uint64_t lost_lines, lost_traces, lost_captures;
	unsigned shortages; /* of memory, ever */
	struct as_dns_stats dns;
	const struct as_settings *settings;
	struct as_rule_stats rules;
	const struct as_shadow_counts *shadow; /* NULL: no shadow configuration */
	/* of the process; -1: unknown */
	int64_t resident_bytes, virtual_bytes, descriptors, most_descriptors, threads, cpu_us;
};

/* Appends the whole text. */
void as_metrics_write(struct as_buf *out, const struct as_metrics *metrics, const struct as_metrics_state *state);

/* Upper bound of a bucket of the histogram, in microseconds. */
int64_t as_metrics_bound(size_t i);
/* "spf", ... */
const char *as_metrics_method_name(enum as_metrics_method method);

#endif
