/* SPDX-License-Identifier: BSD-2-Clause */
/* trace_text.c - a trace line as text for people. */
#include "config.h"

#include "trace.h"

#include "str.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

enum { LABEL = 11, CHAIN_MAX = 32 };

/* The text of a key, or NULL. Traces are our own, yet a damaged file must not hurt: wrong types read as absent. */
static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

static void label(struct as_buf *out, const char *name)
{
	as_buf_printf(out, "%-*s", LABEL, name);
}

static void put_if(struct as_buf *out, const char *before, const char *text)
{
	if (text)
		as_buf_printf(out, "%s%s", before, text);
}

static void put_time(struct as_buf *out, const json_t *trace)
{
	char text[32] = "";
	time_t when = (time_t)json_integer_value(json_object_get(trace, "time"));
	struct tm utc;
	if (gmtime_r(&when, &utc) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc))
		as_buf_puts(out, text);
}

static void put_envelope(struct as_buf *out, const json_t *trace)
{
	if (text_of(trace, "id")) {
		label(out, "Message");
		as_buf_printf(out, "%s  ", text_of(trace, "id"));
		put_time(out, trace);
		put_if(out, "  decision ", text_of(trace, "decision-id"));
		as_buf_putc(out, '\n');
	}
	label(out, "Client");
	as_buf_printf(out, "%s", or_dash(text_of(trace, "client")));
	put_if(out, " ", text_of(trace, "client-name"));
	put_if(out, "  HELO ", text_of(trace, "helo"));
	as_buf_printf(out, "  MAIL FROM %s%s\n", or_dash(text_of(trace, "from")),
		      json_is_true(json_object_get(trace, "authenticated")) ? "  authenticated" : "");
}

static void put_relay(struct as_buf *out, const json_t *relay)
{
	if (!relay)
		return;
	label(out, "Relay");
	as_buf_printf(out, "%s %s", or_dash(text_of(relay, "name")), or_dash(text_of(relay, "address")));
	put_if(out, "  HELO ", text_of(relay, "helo"));
	put_if(out, "  does not tell its client: ", text_of(relay, "unknown"));
	as_buf_putc(out, '\n');
}

static void put_author(struct as_buf *out, const json_t *author)
{
	if (!author)
		return;
	label(out, "Author");
	if (text_of(author, "domain"))
		as_buf_puts(out, text_of(author, "domain"));
	else
		as_buf_printf(out, "none: %s", or_dash(text_of(author, "reason")));
	as_buf_putc(out, '\n');
}

static void put_end(struct as_buf *out, const json_t *result)
{
	if (text_of(result, "dnssec"))
		as_buf_printf(out, " (%s%s%s)", text_of(result, "dnssec"), text_of(result, "weakest") ? ": " : "",
			      text_of(result, "weakest") ? text_of(result, "weakest") : "");
	put_if(out, ": ", text_of(result, "reason"));
	as_buf_putc(out, '\n');
}

static void put_spf(struct as_buf *out, const char *name, const json_t *spf)
{
	if (!spf)
		return;
	label(out, name);
	as_buf_puts(out, or_dash(text_of(spf, "result")));
	put_if(out, " ", text_of(spf, "domain"));
	if (text_of(spf, "mechanism"))
		as_buf_printf(out, ", matched %s in %s", text_of(spf, "mechanism"), or_dash(text_of(spf, "where")));
	put_end(out, spf);
}

static void put_dkim(struct as_buf *out, const json_t *list)
{
	size_t i;
	json_t *signature;
	if (list && json_array_size(list) == 0) {
		label(out, "DKIM");
		as_buf_puts(out, "none\n");
	}
	json_array_foreach(list, i, signature) {
		label(out, "DKIM");
		as_buf_printf(out, "%s %s", or_dash(text_of(signature, "result")), or_dash(text_of(signature, "domain")));
		put_if(out, ", selector ", text_of(signature, "selector"));
		put_if(out, ", ", text_of(signature, "algorithm"));
		if (json_object_get(signature, "bits"))
			as_buf_printf(out, ", %lld bits", (long long)json_integer_value(json_object_get(signature, "bits")));
		put_end(out, signature);
	}
}

static void put_arc(struct as_buf *out, const json_t *arc)
{
	if (!arc || !text_of(arc, "result") || strcmp(text_of(arc, "result"), "none") == 0)
		return;
	label(out, "ARC");
	as_buf_puts(out, text_of(arc, "result"));
	put_end(out, arc);
}

static void put_alignment(struct as_buf *out, const json_t *dmarc)
{
	bool spf = json_is_true(json_object_get(dmarc, "spf-aligned")), dkim = json_is_true(json_object_get(dmarc, "dkim-aligned"));
	label(out, "Aligned");
	as_buf_printf(out, "%s%s%s", spf ? "SPF" : "", spf && dkim ? ", " : "", dkim ? "DKIM" : spf ? "" : "nothing");
	put_if(out, " of ", dkim ? text_of(dmarc, "dkim-domain") : NULL);
	put_if(out, "; organizational domain ", text_of(dmarc, "organization"));
	as_buf_putc(out, '\n');
}

static void put_dmarc(struct as_buf *out, const json_t *dmarc)
{
	if (!dmarc)
		return;
	label(out, "DMARC");
	as_buf_puts(out, or_dash(text_of(dmarc, "result")));
	put_end(out, dmarc);
	if (!text_of(dmarc, "policy-domain"))
		return;
	label(out, "Policy");
	as_buf_printf(out, "%s (%s=%s) at _dmarc.%s: %s\n", or_dash(text_of(dmarc, "policy")), or_dash(text_of(dmarc, "source")),
		      or_dash(text_of(dmarc, "published")), text_of(dmarc, "policy-domain"), or_dash(text_of(dmarc, "record")));
	put_alignment(out, dmarc);
}

static void put_iprev(struct as_buf *out, const json_t *iprev)
{
	if (!iprev)
		return;
	label(out, "Reverse");
	as_buf_puts(out, or_dash(text_of(iprev, "result")));
	put_if(out, " ", text_of(iprev, "name"));
	put_end(out, iprev);
}

static void put_lookups(struct as_buf *out, const json_t *list)
{
	size_t i;
	json_t *lookup;
	json_array_foreach(list, i, lookup) {
		label(out, "Lookup");
		as_buf_printf(out, "%s %s: ", or_dash(text_of(lookup, "name")), or_dash(text_of(lookup, "type")));
		if (!text_of(lookup, "status")) {
			as_buf_puts(out, "not waited for\n");
			continue;
		}
		as_buf_printf(out, "%s, %s, %lld ms%s", text_of(lookup, "status"), or_dash(text_of(lookup, "dnssec")),
			      (long long)number_of(lookup, "ms"),
			      json_is_true(json_object_get(lookup, "cached")) ? ", cached" : "");
		put_if(out, ": ", text_of(lookup, "reason"));
		as_buf_putc(out, '\n');
	}
}

static int64_t end_of(const json_t *lookup)
{
	return text_of(lookup, "status") ? number_of(lookup, "at") + number_of(lookup, "ms") : 0;
}

/* From the lookup that ended last back to the one that nothing came before. A cause stands before what it led to, so this ends. */
static size_t chain_of(const json_t *list, const json_t **chain)
{
	size_t i, place = 0, n = 0;
	json_t *lookup;
	json_array_foreach(list, i, lookup)
		if (end_of(lookup) > end_of(json_array_get(list, place)))
			place = i;
	while (n < CHAIN_MAX) {
		chain[n++] = json_array_get(list, place);
		json_t *after = json_object_get(chain[n - 1], "after");
		if (!after || json_integer_value(after) < 0 || (size_t)json_integer_value(after) >= place)
			break;
		place = (size_t)json_integer_value(after);
	}
	return n;
}

/* What the message waited for: lookups of which each needed the answer of the one before. */
static void put_chain(struct as_buf *out, const json_t *list)
{
	const json_t *chain[CHAIN_MAX];
	size_t n = chain_of(list, chain);
	if (end_of(chain[0]) == 0)
		return;
	label(out, "Longest");
	for (size_t i = n; i-- > 0;)
		as_buf_printf(out, "%s %s %lld ms%s", or_dash(text_of(chain[i], "name")), or_dash(text_of(chain[i], "type")),
			      (long long)number_of(chain[i], "ms"), i > 0 ? ", then " : "");
	as_buf_printf(out, "; known %lld ms after MAIL\n", (long long)end_of(chain[0]));
}

static void put_action(struct as_buf *out, const json_t *decision)
{
	as_buf_printf(out, "%s, rule %s", or_dash(text_of(decision, "action")), or_dash(text_of(decision, "rule")));
	if (text_of(decision, "would"))
		as_buf_printf(out, " (report-only: would %s)", text_of(decision, "would"));
	if (text_of(decision, "instead-of"))
		as_buf_printf(out, " (relay: instead of %s)", text_of(decision, "instead-of"));
	put_if(out, ": ", text_of(decision, "reason"));
	as_buf_putc(out, '\n');
}

static void put_decision(struct as_buf *out, const json_t *decision)
{
	label(out, "Decision");
	put_action(out, decision);
	if (text_of(decision, "override")) {
		label(out, "Override");
		as_buf_puts(out, text_of(decision, "override"));
		put_if(out, ": ", text_of(decision, "override-comment"));
		as_buf_putc(out, '\n');
	}
	if (text_of(decision, "noted")) {
		label(out, "Noted");
		as_buf_printf(out, "rule %s in report-only\n", text_of(decision, "noted"));
	}
	if (text_of(decision, "reply")) {
		label(out, "Reply");
		as_buf_printf(out, "%s\n", text_of(decision, "reply"));
	}
}

/* What a shadow configuration would have done. */
static void put_shadow(struct as_buf *out, const json_t *shadow)
{
	const char *compared = or_dash(text_of(shadow, "compared"));
	if (!shadow)
		return;
	label(out, "Shadow");
	if (strcmp(compared, "same") == 0) {
		as_buf_puts(out, "the same\n");
	} else if (strcmp(compared, "unknown") == 0) {
		as_buf_puts(out, "unknown, it hangs on a lookup that was not made\n");
	} else {
		put_action(out, shadow);
		if (text_of(shadow, "reply")) {
			label(out, "");
			as_buf_printf(out, "%s\n", text_of(shadow, "reply"));
		}
	}
}

static void put_rest(struct as_buf *out, const json_t *trace)
{
	if (text_of(trace, "skipped")) {
		label(out, "Skipped");
		as_buf_printf(out, "not judged: %s\n", text_of(trace, "skipped"));
	}
	if (text_of(trace, "internal-error")) {
		label(out, "Trouble");
		as_buf_printf(out, "%s\n", text_of(trace, "internal-error"));
	}
	if (json_integer_value(json_object_get(trace, "removed")) > 0) {
		label(out, "Removed");
		as_buf_printf(out, "%lld forged fields\n", (long long)json_integer_value(json_object_get(trace, "removed")));
	}
}

enum as_err as_trace_text(struct as_arena *arena, const char *line, const char **text)
{
	json_t *trace = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(trace) || !json_is_object(json_object_get(trace, "decision"))) {
		json_decref(trace);
		return AS_ERR_SYNTAX;
	}
	struct as_buf out = as_buf_new(arena);
	put_envelope(&out, trace);
	put_relay(&out, json_object_get(trace, "relay"));
	put_author(&out, json_object_get(trace, "author"));
	put_spf(&out, "SPF", json_object_get(trace, "spf"));
	put_spf(&out, "SPF HELO", json_object_get(trace, "spf-helo"));
	put_dkim(&out, json_object_get(trace, "dkim"));
	put_arc(&out, json_object_get(trace, "arc"));
	put_dmarc(&out, json_object_get(trace, "dmarc"));
	put_iprev(&out, json_object_get(trace, "iprev"));
	put_lookups(&out, json_object_get(trace, "lookups"));
	put_chain(&out, json_object_get(trace, "lookups"));
	put_rest(&out, trace);
	put_decision(&out, json_object_get(trace, "decision"));
	put_shadow(&out, json_object_get(trace, "shadow"));
	json_decref(trace);
	*text = out.text;
	return AS_OK;
}

bool as_trace_is_about(const char *line, const char *id)
{
	if (!strstr(line, id)) /* spares the parser nearly every line */
		return false;
	json_t *trace = json_loads(line, 0, NULL);
	const char *queue = text_of(trace, "id"), *decision = text_of(trace, "decision-id");
	bool is_about = (queue && strcmp(queue, id) == 0) || (decision && strcmp(decision, id) == 0);
	json_decref(trace);
	return is_about;
}
