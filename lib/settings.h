/* SPDX-License-Identifier: BSD-2-Clause */
/* settings.h - the configuration: every keyword is one row of the table in settings_table.c; here is where the values go.
 *
 * libconfuse does the syntax. From the same rows come the defaults, the checks, `assayd -n`, conf/assay.conf and the keyword
 * part of assay.conf(5). (The file is not called config.h because autoconf owns that name.)
 */
#ifndef AS_SETTINGS_H
#define AS_SETTINGS_H

#include "arena.h"
#include "authres.h"
#include "dmarc_check.h"
#include "dns_unbound.h"
#include "err.h"
#include "ip.h"
#include "log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* What an Authentication-Results field tells of SMTP AUTH. */
enum as_auth_results { AS_AUTH_RESULTS_NONE, AS_AUTH_RESULTS_DOMAIN, AS_AUTH_RESULTS_FULL };

/* What to do with a message. In rising order of severity. */
enum as_verb { AS_VERB_ACCEPT, AS_VERB_TAG, AS_VERB_QUARANTINE, AS_VERB_TEMPFAIL, AS_VERB_REJECT };

/* Which action a message takes when its recipients' rules differ: SMTP has one answer for all of them. */
enum as_mixed { AS_MIXED_STRICTEST, AS_MIXED_MILDEST };

struct as_rules;       /* rule.h */
struct as_translation; /* translation.h */

/* Hosts in front of us that pass on mail of others. */
struct as_relay {
	const char *name;
	struct as_network *networks;
	size_t network_count;
	const char **by;        /* names they write in Received fields, normal form, ".example.com" for what is below; none: any */
	enum as_verb on_reject; /* in the place of a rejection; not AS_VERB_TEMPFAIL */
};

struct as_settings {
	const char *file; /* it was read from */
	const int *lines; /* of the table of keywords, where each was given; 0: it was not */
	struct {
		const char *file;                   /* "": none */
		const struct as_settings *settings; /* its rules, actions and replies, all else and relays[] as in force; NULL: none */
		bool shares_evidence;               /* both take the same for evidence (evidence.h) */
		const char *const *remarks;         /* what of the file cannot be tried: "FILE:LINE: ..."; NULL ends */
	} shadow;
	/* service */
	const char *authserv_id; /* "": the MTA's {j} */
	const char *socket;
	mode_t socket_mode;
	const char *socket_group; /* "": that of the process */
	const char *user;         /* "": stay who we are */
	int64_t maximum_connections;
	struct as_network *trusted_networks;
	size_t trusted_network_count;
	struct as_relay *relays;
	size_t relay_count;
	bool skip_authenticated;
	enum as_auth_results auth_results;
	bool report_only;
	const char *help_url;     /* a template of reply.h; "": none */
	enum as_verb on_internal_error; /* accept or tempfail */
	enum as_verb on_unknown_client; /* not AS_VERB_TEMPFAIL */
	enum as_mixed mixed_recipients;
	const char *rule_statistics; /* a file; "": none */
	enum as_dnssec_mark dnssec_mark;
	int64_t evaluation_timeout_ms;
	int64_t maximum_queries;
	int64_t maximum_header_bytes;
	int64_t maximum_header_fields;
	struct { const char *target, *socket; enum as_log_level level; const char *facility; bool local_parts; } log;
	struct {
		enum as_dns_mode mode;
		const char **forward;
		const char *trust_anchor;
		const char **insecure;
		struct as_dns_stub *stubs;
		size_t stub_count;
		int64_t cache_bytes;
		int64_t max_ttl_s;
		int64_t failure_ttl_s;
	} dns;
	struct {
		bool enable;
		const char *file;
		int64_t size_bytes;
	} trace;
	struct { const char *socket; mode_t socket_mode; const char *socket_group; } metrics; /* socket "": none */
	struct {
		bool enable;
		enum as_verb on_fail, on_permerror, on_temperror;
		const char *reply_fail;
	} iprev;
	struct {
		const char *directory; /* "": nothing is captured */
		int64_t every;
		const char **rules;
		int64_t maximum_files, maximum_bytes;
	} capture;
	struct {
		bool enable, explanation;
		enum as_verb on_fail, on_softfail, on_temperror, on_permerror;
		const char *reply_fail, *reply_error;
	} spf;
	struct {
		bool enable;
		int64_t minimum_key_bits, maximum_signatures;
		bool accept_length_tag;
		int64_t clock_drift_s;
		enum as_verb on_fail, on_none, on_temperror;
		const char *reply_fail, *reply_none, *reply_temperror;
	} dkim;
	struct { bool enable; const char **trusted_sealers; } arc;
	struct {
		bool enable;
		enum as_dmarc_discovery discovery;
		const char *public_suffix_list;
		enum as_verb on_reject, on_quarantine, on_none_fail, on_temperror, on_permerror, on_malformed_from;
		enum as_verb on_proven_list, on_forwarder;
		const char *reply_reject, *reply_quarantine, *reply_temperror, *reply_permerror, *reply_malformed_from;
	} dmarc;
	struct { struct as_network *networks; size_t network_count; const char **domains; } forwarders;
	const struct as_rules *rules; /* NULL: there are none */
	struct as_translation *translations; /* in the order of the file */
	size_t translation_count;
};

/* Reads a file, and the shadow configuration that it names. Owned by arena. On error *detail is "FILE:LINE: what is wrong; what would be
 * right" (one or more lines).
 * file NULL: the defaults alone. A missing or unreadable file is AS_ERR_SYSTEM, one over 1 MB AS_ERR_LIMIT; anything wrong in it
 * AS_ERR_SYNTAX or AS_ERR_RANGE, the first error only. One thread at a time in the process: libconfuse's scanner is global. */
enum as_err as_settings_load(struct as_arena *arena, const char *file, const struct as_settings **settings, const char **detail);

/* The same from text, for tests; name stands for the file in errors. A shadow configuration is not read. */
enum as_err as_settings_parse(struct as_arena *arena, const char *name, const char *text, const struct as_settings **settings,
			      const char **detail);
/* With the text of a shadow configuration, named "shadow"; NULL: none. */
enum as_err as_settings_parse_with_shadow(struct as_arena *arena, const char *name, const char *text, const char *shadow,
					  const struct as_settings **settings, const char **detail);

/* `assayd -n`: the actions and replies in which the shadow differs, one line each. There is a shadow. */
void as_settings_write_changes(const struct as_settings *settings, FILE *out);

/* The sample configuration: every keyword, commented out at its default, with its help. */
void as_settings_write_sample(FILE *out);
/* The keyword part of assay.conf(5), mdoc. */
void as_settings_write_man(FILE *out);

/* "accept", "tag", "quarantine", "tempfail", "reject". */
const char *as_verb_name(enum as_verb verb);

#endif
