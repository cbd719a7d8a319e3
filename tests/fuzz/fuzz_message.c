/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_message.c - whole messages through the engine: hostile DNS, hostile peers, any order of events.
 *
 * The input is lines; the first byte says what the rest is:
 *   c  a digit that chooses the configuration          z  a line of zone text (dns_fake.h)
 *   t  NAME BYTES: one TXT record of any bytes         j  the MTA's own name
 *   C  CONNECT from this address                       H  HELO
 *   M  MAIL, A MAIL of a client that logged in         R  RCPT
 *   F  NAME:VALUE, one header field, \n for a fold     E  end of header
 *   B  a piece of body                                 X  end of message: the verdict is checked
 *   Q  abort                                           I  a failure inside us
 *   T  milliseconds pass
 *   m  all that is left of the input is one more message, header and body, ended and checked
 * Every input is judged twice, with the body in pieces of different sizes; both must say the same.
 */
#include "config.h"

#include "authres.h"
#include "dns_fake.h"
#include "edits.h"
#include "engine.h"
#include "evidence.h"
#include "message.h"
#include "rule.h"
#include "str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { START_S = 1800000000, LINES_MAX = 600, EARLY_QUERIES = 40, LOG_LINE_MAX = 4096, REPLY_MAX = 400, FIELDS_MAX = 4096 };

static const char *const configs[] = {
	"",
	"maximum-queries = 20 maximum-header-fields = 100 evaluation-timeout = \"1s\" dnssec-state = \"property\"\n"
	"iprev { enable = true on-fail = \"reject\" on-permerror = \"tag\" on-temperror = \"tempfail\" }",
	"dmarc { on-reject = \"quarantine\" on-quarantine = \"quarantine\" on-none-fail = \"tag\" } log { local-parts = true }\n"
	"auth-results = \"full\"",
	"spf { on-fail = \"reject\" on-softfail = \"reject\" on-temperror = \"tempfail\" on-permerror = \"reject\" }\n"
	"dkim { on-fail = \"reject\" on-none = \"reject\" on-temperror = \"tempfail\" accept-length-tag = true }\n"
	"dnssec-state = \"none\"",
	"dmarc { reply-reject = \"5.7.99 %{from-domain} %{policy-domain} %{helo} %{client} %{envelope-domain} %{queue-id} %{hostname}\""
	" reply-malformed-from = \"%{from-problem} %{from-problem} %{helo} %{helo} %{helo} %{helo} %{helo}\" on-permerror = \"reject\" }",
	"authserv-id = \"mx.example.net\" report-only = true trusted-networks = {\"192.0.2.200\"} on-internal-error = \"accept\"",
	"dkim { enable = false } maximum-queries = 20",
	"dmarc { enable = false } dkim { maximum-signatures = 50 } skip-authenticated = false",
	"dmarc { discovery = \"public-suffix-list\" public-suffix-list = \"" AS_TEST_SRCDIR "/conformance/dmarc/suffixes.dat\" }",
	"arc { trusted-sealers = {\"example.org\", \"example.com\", \"example.net\"} } iprev { enable = true } mixed-recipients = \"mildest\"\n"
	"forwarders { networks = {\"198.51.100.0/24\"} domains = {\"example.org\", \".example.org\"} }\n"
	"rule \"a\" { header-present = {\"X-A\", \"List-Id\"} size = {\">1k\", \"<100\"} tls = \"none\" percent = 50 action = \"quarantine\" }\n"
	"rule \"n\" { display-name-domain = {\".example.com\", \"example.org\"} action = \"quarantine\" }\n"
	"rule \"b\" { list-id = {\".example.com\", \".example.org\"} action = \"accept\" }\n"
	"rule \"c\" { recipient = \"a@example.net\" helo = \".example.com\" envelope-domain = \".com\" action = \"reject\" }\n"
	"rule \"d\" { recipient-domain = \".example.net\" client = {\"2001:db8::/32\", \".example\"} action = \"tempfail\" }\n"
	"rule \"e\" { dkim-domain = \".com\" arc-sealer = \".org\" dnssec = \"dkim:secure\" action = \"report-only\" }",
	"spf { enable = false }",
	"relay \"a\" { networks = {\"192.0.2.0/24\", \"2001:db8::/32\"} by = {\".example.com\", \"example.com\", \"localhost\"} }\n"
	"relay \"b\" { networks = {\"198.51.100.0/24\"} on-reject = \"reject\" } trusted-networks = {\"192.0.2.9\", \"203.0.113.7\"}\n"
	"iprev { enable = true on-fail = \"reject\" } on-unknown-client = \"tag\" spf { on-fail = \"reject\" on-temperror = \"tempfail\" }\n"
	"rule \"r\" { client = {\"203.0.113.66\"} helo = \".example.com\" action = \"reject\" }",
};
enum { CONFIGS = sizeof configs / sizeof *configs };

struct run {
	struct as_arena *arena;
	struct as_dns_fake *fake;
	struct as_env *env; /* made with the first event that is not about the world */
	struct as_session *session;
	struct as_message *message;
	struct as_buf report;
	const struct as_settings *settings;
	const char *hostname;
	size_t piece; /* of a body */
	unsigned sessions, messages;                /* so far */
	unsigned given[AS_OWN_FIELDS];              /* fields of our names in this message */
	unsigned claiming;                          /* Authentication-Results fields that claim to be ours */
	bool claims[FIELDS_MAX + 1];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* --- what must hold of a verdict ------------------------------------------------------------------------------------ */

static void require_line(const char *text, size_t most)
{
	size_t n = strlen(text);
	require(n >= 1 && n <= most);
	for (size_t i = 0; i < n; i++)
		require(text[i] >= 0x20 && text[i] <= 0x7e);
}

static const struct as_rule *find_rule(const struct as_settings *settings, const char *name)
{
	for (size_t i = 0; settings->rules && i < settings->rules->count; i++)
		if (strcmp(settings->rules->list[i].name, name) == 0)
			return &settings->rules->list[i];
	return NULL;
}

/* It may be deferred, for what could not be looked up, or held by a rule of the file; only what was proven lets it through. */
static bool is_as_strict(const struct run *run, const struct as_decision *d, enum as_verb verb)
{
	const struct as_evidence *proof = run->message->evidence;
	const struct as_rule *rule = find_rule(run->settings, d->rule);
	bool is_proven = proof && (proof->list || proof->forwarder || proof->arc);
	require(!rule || d->wanted == rule->verb);
	return d->wanted >= verb || d->wanted == AS_VERB_TEMPFAIL || (rule && d->wanted == AS_VERB_QUARANTINE) ||
	       (is_proven && (rule || run->message->from.status == AS_FROM_ONE));
}

static void check_decision(const struct run *run, const struct as_decision *d)
{
	const struct as_message *m = run->message;
	const struct as_settings *s = run->settings;
	bool refuses = d->verb >= AS_VERB_TEMPFAIL;
	require(d->verb <= AS_VERB_REJECT && d->computed <= AS_VERB_REJECT && d->rule && *d->rule);
	bool is_flood = m->forged_count > AS_FORGED_MAX || m->hides_forged;
	require(is_flood == (strcmp(d->rule, "forged-fields") == 0) && (!is_flood || d->verb == AS_VERB_REJECT));
	require(d->verb == (s->report_only && !is_flood ? AS_VERB_ACCEPT : d->computed));
	bool is_spared = m->relay && d->wanted == AS_VERB_REJECT && !is_flood;
	require(d->computed == (is_spared ? m->relay->on_reject : d->wanted));
	require(!d->reason || *d->reason);
	if (d->reason)
		require_line(d->reason, REPLY_MAX);
	require(refuses == (d->reply_code != 0) && refuses == (d->text != NULL));
	if (refuses) {
		char class = d->verb == AS_VERB_REJECT ? '5' : '4';
		require(d->reply_code == (class == '5' ? 550 : 451) && d->enhanced[0] == class && d->enhanced[1] == '.');
		require_line(d->text, REPLY_MAX);
	}
	require(d->is_skipped == (m->skipped_by != NULL));
	if (is_flood)
		return;
	if (m->internal_error) {
		require(d->computed == s->on_internal_error && strcmp(d->rule, "internal-error") == 0);
		return;
	}
	if (m->skipped_by) {
		require(d->computed == AS_VERB_ACCEPT);
		return;
	}
	/* Who has no single author, or is not the author, is treated as the table says. */
	if (s->dmarc.enable && m->from.status != AS_FROM_ONE)
		require(is_as_strict(run, d, s->dmarc.on_malformed_from));
	if (m->dmarc && m->from.status == AS_FROM_ONE && m->dmarc->code == AS_FAIL && m->dmarc->policy == AS_DMARC_REJECT)
		require(is_as_strict(run, d, s->dmarc.on_reject));
}

/* A shadow that may say anything must say it in order. */
static void check_shadow(const struct run *run, const struct as_shadow *shadow)
{
	require((shadow != NULL) == (run->settings->shadow.settings != NULL));
	if (!shadow || shadow->kind == AS_SHADOW_UNKNOWN)
		return;
	const struct as_decision *d = &shadow->decision;
	require(shadow->in_force <= AS_VERB_REJECT && shadow->tried <= AS_VERB_REJECT && d->rule && *d->rule);
	require((shadow->in_force != shadow->tried) == (shadow->kind == AS_SHADOW_OTHER_ACTION));
	require((d->verb >= AS_VERB_TEMPFAIL) == (d->text != NULL));
	if (d->text)
		require_line(d->text, REPLY_MAX);
}

static void check_findings(const struct as_message *m)
{
	if (m->skipped_by)
		return;
	bool has_pass = m->spf && m->spf->code == AS_PASS;
	for (size_t i = 0; m->dkim && i < m->dkim->count; i++)
		has_pass = has_pass || m->dkim->signatures[i].code == AS_PASS;
	require(!m->dmarc || m->dmarc->code != AS_PASS || (has_pass && m->from.status == AS_FROM_ONE));
	require((m->from.status == AS_FROM_ONE) == (m->from.domain != NULL));
	/* A relay is never judged in the place of its client. */
	require(!m->relay || !m->client.family == (m->client_trouble != NULL));
	require(!m->client_trouble || (!m->iprev && !m->spf_helo && (!m->spf || m->spf->code == AS_TEMPERROR || m->spf->code == AS_NONE)));
	require(!m->dmarc || !m->dmarc->lacks_client || (m->client_trouble && m->dmarc->code == AS_TEMPERROR));
}

/* Will the writer keep this value as it is? */
static bool is_kept(const char *value)
{
	size_t n = strlen(value);
	for (size_t i = 0, width; i < n; i += width)
		if (!(width = as_printable_size(value + i, n - i)))
			return false;
	return n <= AS_AUTHRES_VALUE_MAX;
}

static void compare_value(const char *was, const char *is)
{
	require(!was == !is && (!was || !is_kept(was) || strcmp(was, is) == 0));
}

static void compare_result(const struct as_result *was, const struct as_result *is, bool has_dnssec_property)
{
	size_t most = was->count + (was->has_dnssec && has_dnssec_property);
	require(strcmp(was->method, is->method) == 0 && was->code == is->code && !is->is_unknown);
	require(is->count == (most < AS_PROPERTIES_MAX ? most : AS_PROPERTIES_MAX));
	compare_value(was->reason, is->reason);
	for (size_t i = 0; i < was->count; i++) {
		require(strcmp(was->properties[i].ptype, is->properties[i].ptype) == 0);
		require(strcmp(was->properties[i].property, is->properties[i].property) == 0);
		compare_value(was->properties[i].value, is->properties[i].value);
	}
}

/* What was written says the results and nothing else, in lines that no MTA breaks. */
static void check_field(const struct run *run, const char *value)
{
	const struct as_results *results = &run->message->results;
	const char *id = run->message->hostname;
	struct as_authres parsed;
	require(*value == ' ' && as_authres_parse(run->arena, value, strlen(value), &parsed) == AS_OK);
	compare_value(id, parsed.authserv_id);
	require(!is_kept(id) || !*id || as_authres_claims(run->arena, value, strlen(value), id));
	require(parsed.count == results->count);
	for (size_t i = 0; i < parsed.count; i++)
		compare_result(&results->list[i], &parsed.results[i], run->settings->dnssec_mark == AS_MARK_PROPERTY);
	for (const char *line = value; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		size_t n = strcspn(line, "\n");
		require(n <= 998 && strspn(line, " \t") < n && (line == value || *line == '\t') && !memchr(line, '\r', n));
	}
}

/* Forged fields go from the last to the first, all of them and no other; what is inserted comes after, at the top. */
static void check_edits(const struct run *run, const struct as_verdict *verdict)
{
	static const char *const names[AS_OWN_FIELDS] = { "Authentication-Results", AS_ACTION_FIELD };
	unsigned last[AS_OWN_FIELDS] = { FIELDS_MAX, FIELDS_MAX }, deleted[AS_OWN_FIELDS] = { 0 }, inserted[AS_OWN_FIELDS] = { 0 };
	if (run->message->forged_count > AS_FORGED_MAX)
		return; /* refused, and not all were counted */
	for (size_t i = 0; i < verdict->edit_count; i++) {
		const struct as_edit *edit = &verdict->edits[i];
		size_t own = strcmp(edit->name, names[0]) == 0 ? 0 : 1;
		require(strcmp(edit->name, names[own]) == 0 && !inserted[0]);
		if (edit->kind == AS_EDIT_INSERT) {
			require(edit->instance == 0 && *edit->value == ' ' && ++inserted[own] == 1);
			if (own == 0)
				check_field(run, edit->value);
			else
				require_line(edit->value, 100);
			continue;
		}
		require(!inserted[1] && edit->instance >= 1 && edit->instance <= run->given[own] && edit->instance < last[own]);
		require(own == 1 || run->claims[edit->instance]);
		last[own] = edit->instance;
		deleted[own]++;
	}
	enum as_verb verb = verdict->decision->verb;
	require(deleted[0] == run->claiming && deleted[1] == run->given[1]);
	bool tells_login = run->message->is_authenticated && run->settings->auth_results != AS_AUTH_RESULTS_NONE;
	require(inserted[0] == (!verdict->decision->is_skipped || tells_login));
	require(inserted[1] == (verb == AS_VERB_TAG || verb == AS_VERB_QUARANTINE));
}

static void put_verdict(struct as_buf *out, const struct as_verdict *verdict)
{
	const struct as_decision *d = verdict->decision;
	as_buf_printf(out, "%d %s %u %s\n%s\n", (int)d->verb, d->rule, d->reply_code, d->text ? d->text : "", verdict->log_line);
	for (size_t i = 0; i < verdict->edit_count; i++)
		as_buf_printf(out, "%s %u%s\n", verdict->edits[i].name, verdict->edits[i].instance,
			      verdict->edits[i].value ? verdict->edits[i].value : "");
}

/* --- events --------------------------------------------------------------------------------------------------------- */

static void end_message(struct run *run)
{
	as_engine_end(run->message);
	run->message = NULL;
}

static void finish(struct run *run)
{
	struct as_verdict verdict;
	const struct as_clock *clock = as_dns_fake_clock(run->fake);
	int64_t begun_ms = as_clock_mono_ms(clock);
	as_engine_eom(run->message, "4XyZ", NULL, NULL, &verdict);
	require(as_clock_mono_ms(clock) - begun_ms <= run->settings->evaluation_timeout_ms);
	check_findings(run->message);
	check_decision(run, verdict.decision);
	check_shadow(run, verdict.shadow);
	check_edits(run, &verdict);
	require_line(verdict.log_line, LOG_LINE_MAX);
	unsigned more = run->settings->iprev.enable ? AS_IPREV_QUESTIONS : 0;
	require(as_dns_fake_queries(run->fake, NULL, 0) <=
		run->sessions * (EARLY_QUERIES + more) + run->messages * (run->settings->maximum_queries + more));
	put_verdict(&run->report, &verdict);
	end_message(run);
}

static void open_session(struct run *run, const char *address)
{
	struct as_ip client;
	bool is_known = as_ip_parse(address, &client) == AS_OK;
	end_message(run);
	as_engine_close(run->session);
	run->session = as_engine_connect(run->env, is_known ? &client : NULL, NULL, run->hostname);
	run->sessions++;
}

static void begin(struct run *run, const char *path, bool is_authenticated)
{
	end_message(run);
	run->message = as_engine_mail(run->session, NULL, path, is_authenticated);
	if (is_authenticated)
		as_engine_login(run->message, "PLAIN", path); /* any bytes */
	run->messages++;
	memset(run->given, 0, sizeof run->given);
	memset(run->claims, 0, sizeof run->claims);
	run->claiming = 0;
}

static void header(struct run *run, const char *name, size_t name_length, const char *value, size_t value_length)
{
	if (as_field_is_addressed(name, name_length, AS_ACTION_FIELD))
		run->given[1]++;
	if (as_field_is_addressed(name, name_length, "Authentication-Results") && run->given[0]++ < FIELDS_MAX &&
	    (run->given[0] > AS_CLAIMS_READ_MAX || as_authres_claims(run->arena, value, value_length, run->message->hostname))) {
		run->claims[run->given[0]] = true;
		run->claiming++;
	}
	as_engine_header(run->message, name, name_length, value, value_length);
}

/* The body in pieces: of one size, or, with size 0, of all sizes from 1 on. */
static void body(struct run *run, const char *bytes, size_t n)
{
	for (size_t at = 0, k = 1; at < n; k++) {
		size_t piece = run->piece ? run->piece : k;
		piece = piece < n - at ? piece : n - at;
		as_engine_body(run->message, (const unsigned char *)bytes + at, piece);
		at += piece;
	}
}

/* As an MTA takes a message apart: a line that is no field, or an empty one, ends the header. */
static void whole_message(struct run *run, const char *at, size_t n)
{
	const char *end = at + n;
	while (at < end && *at != '\r' && *at != '\n') {
		const char *stop = at, *colon;
		do {
			const char *lf = memchr(stop, '\n', (size_t)(end - stop));
			stop = lf ? lf + 1 : end;
		} while (stop < end && as_is_wsp(*stop));
		colon = memchr(at, ':', (size_t)(stop - at));
		if (!colon)
			break;
		const char *last = stop;
		while (last > colon + 1 && (last[-1] == '\n' || last[-1] == '\r'))
			last--;
		header(run, at, (size_t)(colon - at), colon + 1, (size_t)(last - colon - 1));
		at = stop;
	}
	if (at < end && *at == '\r')
		at++;
	if (at < end && *at == '\n')
		at++;
	if (n % 2)
		as_engine_eoh(run->message);
	body(run, at, (size_t)(end - at));
	finish(run);
}

static void one_field(struct run *run, const char *text)
{
	struct as_buf field = as_buf_new(run->arena);
	for (; *text; text++) {
		bool is_fold = text[0] == '\\' && text[1] == 'n';
		as_buf_putc(&field, is_fold ? '\n' : *text);
		text += is_fold;
	}
	const char *colon = strchr(field.text, ':');
	size_t n = colon ? (size_t)(colon - field.text) : field.length;
	header(run, field.text, n, field.text + n + (colon != NULL), field.length - n - (colon != NULL));
}

/* --- the input ------------------------------------------------------------------------------------------------------ */

/* Each has the next one as its shadow. */
static const struct as_settings *settings_of(size_t choice)
{
	static struct as_arena *arena; /* of the whole run: this program has one thread */
	static const struct as_settings *parsed[CONFIGS];
	const char *detail = NULL;
	choice %= CONFIGS;
	if (!arena)
		arena = as_arena_new();
	if (!parsed[choice])
		require(as_settings_parse_with_shadow(arena, "fuzz", configs[choice], configs[(choice + 1) % CONFIGS], &parsed[choice],
						      &detail) == AS_OK);
	return parsed[choice];
}

static void make_env(struct run *run)
{
	static const struct as_dns_options cache = { .cache_bytes = 1 << 20, .max_ttl_s = 86400, .failure_ttl_s = 1 };
	const struct as_clock *clock = as_dns_fake_clock(run->fake);
	char *trouble = NULL;
	struct as_dns *dns = as_dns_new(as_dns_fake_backend(run->fake), &cache, clock);
	run->env = as_env_new(as_arena_new(), run->settings, dns, clock, NULL, &trouble);
	require(run->env != NULL);
	open_session(run, "");
}

/* What describes the world. False: the line is an event. */
static bool world_line(struct run *run, const char *line, size_t n)
{
	const char *detail, *blank = memchr(line, ' ', n);
	switch (*line) {
	case 'c':
		if (!run->env && n > 1)
			run->settings = settings_of((size_t)line[1] - '0');
		return true;
	case 'z':
		(void)as_dns_fake_load(run->fake, run->arena, line + 1, n - 1, &detail); /* what it does not take is not there */
		return true;
	case 't':
		if (blank)
			as_dns_fake_txt(run->fake, as_strndup(run->arena, line + 1, (size_t)(blank - line - 1)), blank + 1,
					n - (size_t)(blank + 1 - line));
		return true;
	case 'j':
		run->hostname = as_strndup(run->arena, line + 1, n - 1);
		return true;
	case 'T':
		as_dns_fake_advance(run->fake, strtol(line + 1, NULL, 10) & 0xfffff);
		return true;
	default:
		return false;
	}
}

static void session_line(struct run *run, const char *text)
{
	if (*text == 'C')
		open_session(run, text + 1);
	else if (*text == 'H')
		as_engine_helo(run->session, text + 1);
	else if (*text == 'M' || *text == 'A')
		begin(run, text + 1, *text == 'A');
}

static void message_line(struct run *run, const char *text, size_t n)
{
	switch (*text) {
	case 'R':
		as_engine_rcpt(run->message, text + 1);
		break;
	case 'F':
		one_field(run, text + 1);
		break;
	case 'E':
		as_engine_eoh(run->message);
		break;
	case 'B':
		if (as_engine_wants_body(run->message))
			body(run, text + 1, n - 1);
		break;
	case 'X':
		finish(run);
		break;
	case 'Q':
		end_message(run);
		break;
	case 'I':
		as_engine_internal_error(run->message, text + 1);
		break;
	default:
		break;
	}
}

static void event_line(struct run *run, const char *line, size_t n)
{
	const char *text = as_strndup(run->arena, line, n);
	if (!run->env)
		make_env(run);
	session_line(run, text);
	if (run->message)
		message_line(run, text, n);
}

static void read_input(struct run *run, const char *at, size_t n)
{
	for (unsigned lines = 0; n > 0 && lines < LINES_MAX; lines++) {
		const char *lf = memchr(at, '\n', n);
		size_t length = lf ? (size_t)(lf - at) : n;
		if (*at == 'm') {
			event_line(run, at, 1);
			if (!run->message)
				begin(run, "", false);
			whole_message(run, at + 1, n - 1);
			return;
		}
		if (length > 0 && !world_line(run, at, length))
			event_line(run, at, length);
		length += lf != NULL;
		at += length;
		n -= length;
	}
}

/* What all verdicts of the input said. */
static const char *judge(struct as_arena *arena, const char *text, size_t n, size_t piece)
{
	struct run run = { .arena = arena, .fake = as_dns_fake_new(START_S), .piece = piece, .settings = settings_of(0) };
	run.report = as_buf_new(arena);
	run.hostname = "mx.example.net";
	read_input(&run, text, n);
	end_message(&run);
	as_engine_close(run.session);
	as_env_unref(run.env);
	as_dns_fake_free(run.fake);
	return run.report.text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_ready;
	if (!is_ready)
		as_spf_global_init();
	is_ready = true;
	struct as_arena *arena = as_arena_new();
	const char *text = as_strndup(arena, (const char *)data, size);
	const char *once = judge(arena, text, size, 4096), *again = judge(arena, text, size, 0);
	if (strcmp(once, again) != 0) {
		fprintf(stderr, "in large pieces:\n%sin small pieces:\n%s", once, again);
		abort();
	}
	as_arena_free(arena);
	return 0;
}
