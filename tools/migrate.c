/* SPDX-License-Identifier: BSD-2-Clause */
/* migrate.c - keywords of OpenDKIM and OpenDMARC as rows: what becomes of each.
 *
 * Both files say "Key value", with "#" for comments and keys without case. A keyword that we have is written, later inputs giving way
 * to earlier ones; of all others a comment says why they are not needed or not possible.
 */
#include "config.h"

#include "migrate.h"

#include "settings.h"
#include "str.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUTS_MAX = 64, VALUE_MAX = 1024 };

/* What a line of the output will say. */
struct output {
	const char *section, *keyword, *value, *from;
};

struct migration {
	struct as_arena *arena;
	struct output outputs[OUTPUTS_MAX];
	size_t count;
	struct as_buf notes;
	bool rejects, holds, has_dmarc, requires_headers;
};

struct line {
	const char *where; /* "opendkim.conf:12 Key value" */
	const char *value;
};

struct row {
	const char *key;
	unsigned sources; /* bits of enum as_migrate_source */
	void (*take)(struct migration *m, const struct row *row, const struct line *line);
	const char *section, *keyword; /* for take functions that write one keyword */
	const char *note;              /* for those that have none */
};

enum { DKIM = 1 << AS_MIGRATE_OPENDKIM, DMARC = 1 << AS_MIGRATE_OPENDMARC, BOTH = DKIM | DMARC };

static void note(struct migration *m, const struct line *line, const char *why)
{
	as_buf_printf(&m->notes, "# %s\n#   %s\n", line->where, why);
}

/* Is `section { keyword = value }` a configuration that we accept? */
static bool is_accepted(struct migration *m, const char *section, const char *keyword, const char *value)
{
	const struct as_settings *settings;
	const char *detail;
	const char *text = *section ? as_printf(m->arena, "%s {\n\t%s = %s\n}\n", section, keyword, value)
				    : as_printf(m->arena, "%s = %s\n", keyword, value);
	return as_settings_parse(m->arena, "migrated", text, &settings, &detail) == AS_OK;
}

static void write_keyword(struct migration *m, const char *section, const char *keyword, const char *value, const struct line *line)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->outputs[i].section, section) == 0 && strcmp(m->outputs[i].keyword, keyword) == 0) {
			if (strcmp(m->outputs[i].value, value) != 0)
				note(m, line, as_printf(m->arena, "%s is set already, from %s.", keyword, m->outputs[i].from));
			return;
		}
	if (m->count == OUTPUTS_MAX || !is_accepted(m, section, keyword, value))
		note(m, line, as_printf(m->arena, "the value does not fit our keyword %s; see assay.conf(5).", keyword));
	else
		m->outputs[m->count++] = (struct output){ section, keyword, value, line->where };
}

static bool is_true(const char *value)
{
	return strchr("tTyY1", *value) && *value;
}

static void take_nothing(struct migration *m, const struct row *row, const struct line *line)
{
	note(m, line, row->note);
}

static void take_number(struct migration *m, const struct row *row, const struct line *line)
{
	write_keyword(m, row->section, row->keyword, line->value, line);
}

static void take_text(struct migration *m, const struct row *row, const struct line *line)
{
	write_keyword(m, row->section, row->keyword, as_printf(m->arena, "\"%s\"", line->value), line);
}

static void take_seconds(struct migration *m, const struct row *row, const struct line *line)
{
	write_keyword(m, row->section, row->keyword, as_printf(m->arena, "\"%ss\"", line->value), line);
}

static void take_switch(struct migration *m, const struct row *row, const struct line *line)
{
	write_keyword(m, row->section, row->keyword, is_true(line->value) ? "true" : "false", line);
}

/* "HOSTNAME" stands for the host's own name there; ours is the default. */
static void take_authserv_id(struct migration *m, const struct row *row, const struct line *line)
{
	if (strcmp(line->value, "HOSTNAME") != 0)
		take_text(m, row, line);
}

static void take_user(struct migration *m, const struct row *row, const struct line *line)
{
	(void)row;
	note(m, line, "assay has a user of its own (keyword user); for a socket that Postfix may open set socket-group.");
}

static void take_umask(struct migration *m, const struct row *row, const struct line *line)
{
	unsigned long mask = strtoul(line->value, NULL, 8);
	(void)row;
	if (mask <= 0777)
		write_keyword(m, "", "socket-mode", as_printf(m->arena, "\"0%lo\"", 0666 & ~mask), line);
}

/* An inline list; files and other data sets cannot be followed from here. */
static void take_networks(struct migration *m, const struct row *row, const struct line *line)
{
	if (*line->value == '/' || strchr(line->value, ':') != strstr(line->value, "::")) {
		note(m, line, as_printf(m->arena, "put what this list holds into %s = {\"192.0.2.0/24\", ...}.", row->keyword));
		return;
	}
	struct as_buf list = as_buf_new(m->arena);
	char *words = as_strdup(m->arena, line->value), *rest;
	as_buf_puts(&list, "{\"127.0.0.0/8\", \"::1/128\"");
	for (char *word = strtok_r(words, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest))
		if (strcmp(word, "127.0.0.1") != 0 && strcmp(word, "localhost") != 0 && strcmp(word, "::1") != 0)
			as_buf_printf(&list, ", \"%s\"", word);
	as_buf_putc(&list, '}');
	write_keyword(m, row->section, row->keyword, list.text, line);
}

/* accept, reject, tempfail, quarantine; discard loses mail without a word, which we do not do. */
static void take_action(struct migration *m, const struct row *row, const struct line *line)
{
	static const char *const actions[][2] = {
		{ "a", "accept" }, { "r", "reject" }, { "t", "tempfail" }, { "q", "quarantine" },
	};
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (as_lower(*line->value) == *actions[i][0]) {
			write_keyword(m, row->section, row->keyword, as_printf(m->arena, "\"%s\"", actions[i][1]), line);
			return;
		}
	note(m, line, "mail is never dropped without a word: accept, tag, quarantine, tempfail or reject.");
}

static void take_servers(struct migration *m, const struct row *row, const struct line *line)
{
	struct as_buf list = as_buf_new(m->arena);
	char *words = as_strdup(m->arena, line->value), *rest;
	for (char *word = strtok_r(words, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest))
		as_buf_printf(&list, "%s\"%s\"", list.length ? ", " : "", word);
	(void)row;
	/* The two belong together: each alone is an error. */
	const char *both = as_printf(m->arena, "\"forward\" forward = {%s}", list.text);
	if (!is_accepted(m, "dns", "mode", both) || m->count + 2 > OUTPUTS_MAX) {
		note(m, line, "put the addresses of these servers into dns { mode = \"forward\" forward = {...} }.");
		return;
	}
	m->outputs[m->count++] = (struct output){ "dns", "mode", "\"forward\"", line->where };
	m->outputs[m->count++] = (struct output){ "dns", "forward", as_printf(m->arena, "{%s}", list.text), line->where };
}

static void take_mode(struct migration *m, const struct row *row, const struct line *line)
{
	(void)row;
	if (strchr(line->value, 's'))
		note(m, line, "assay verifies and does not sign: keep OpenDKIM with \"Mode s\" for outgoing mail.");
	if (!strchr(line->value, 'v'))
		write_keyword(m, "dkim", "enable", "false", line);
}

static void take_reject(struct migration *m, const struct row *row, const struct line *line)
{
	(void)row, (void)line;
	m->rejects = is_true(line->value);
}

static void take_hold(struct migration *m, const struct row *row, const struct line *line)
{
	(void)row;
	m->holds = is_true(line->value);
}

static void take_required_headers(struct migration *m, const struct row *row, const struct line *line)
{
	(void)row, (void)line;
	m->requires_headers = is_true(line->value);
}

#define SIGNING "signing: keep OpenDKIM with \"Mode s\" for outgoing mail; assay verifies."
#define PROCESS "not needed: systemd or another supervisor starts, watches and logs (assayd -f)."
#define REPORTS "reports are not part of this version of assay."
#define IN_PROCESS "not needed: SPF, DKIM and DMARC run in one process, no header has to be trusted."
#define LOGGED "not needed: every message has one log line that says why."
#define ALONE "a From domain alone exempts nothing here: whoever forges it would be exempt, too."

static const struct row rows[] = {
	{ "Socket", BOTH, take_nothing, NULL, NULL,
	  "assay has a socket of its own; put the line that assayd logs at its start into smtpd_milters." },
	{ "UserID", BOTH, take_user, NULL, NULL, NULL },
	{ "UMask", BOTH, take_umask, NULL, NULL, NULL },
	{ "AuthservID", BOTH, take_authserv_id, "", "authserv-id", NULL },
	{ "SyslogFacility", BOTH, take_text, "log", "facility", NULL },
	{ "Syslog", BOTH, take_nothing, NULL, NULL, "not needed: syslog is where assayd logs." },
	{ "SyslogSuccess", DKIM, take_nothing, NULL, NULL, LOGGED },
	{ "LogWhy", DKIM, take_nothing, NULL, NULL, LOGGED },
	{ "LogResults", DKIM, take_nothing, NULL, NULL, LOGGED },
	{ "PidFile", BOTH, take_nothing, NULL, NULL, PROCESS },
	{ "Background", BOTH, take_nothing, NULL, NULL, PROCESS },
	{ "AutoRestart", BOTH, take_nothing, NULL, NULL, PROCESS },
	{ "AutoRestartRate", BOTH, take_nothing, NULL, NULL, PROCESS },
	{ "AutoRestartCount", BOTH, take_nothing, NULL, NULL, PROCESS },
	{ "ChangeRootDirectory", BOTH, take_nothing, NULL, NULL, PROCESS },
	{ "BaseDirectory", BOTH, take_nothing, NULL, NULL, PROCESS },
	{ "TemporaryDirectory", BOTH, take_nothing, NULL, NULL, "not needed: no temporary files are made." },

	{ "Mode", DKIM, take_mode, NULL, NULL, NULL },
	{ "Domain", DKIM, take_nothing, NULL, NULL, SIGNING },
	{ "Selector", DKIM, take_nothing, NULL, NULL, SIGNING },
	{ "KeyFile", DKIM, take_nothing, NULL, NULL, SIGNING },
	{ "KeyTable", DKIM, take_nothing, NULL, NULL, SIGNING },
	{ "SigningTable", DKIM, take_nothing, NULL, NULL, SIGNING },
	{ "Canonicalization", DKIM, take_nothing, NULL, NULL, SIGNING },
	{ "OversignHeaders", DKIM, take_nothing, NULL, NULL, SIGNING },
	{ "SignHeaders", DKIM, take_nothing, NULL, NULL, SIGNING },
	{ "SubDomains", DKIM, take_nothing, NULL, NULL, SIGNING },
	{ "SignatureAlgorithm", DKIM, take_nothing, NULL, NULL, SIGNING },
	{ "InternalHosts", DKIM, take_networks, "", "trusted-networks", NULL },
	{ "ExternalIgnoreList", DKIM, take_nothing, NULL, NULL, SIGNING },
	{ "PeerList", DKIM, take_networks, "", "trusted-networks", NULL },
	{ "MinimumKeyBits", DKIM, take_number, "dkim", "minimum-key-bits", NULL },
	{ "MaximumSignaturesToVerify", DKIM, take_number, "dkim", "maximum-signatures", NULL },
	{ "ClockDrift", DKIM, take_seconds, "dkim", "clock-drift", NULL },
	{ "On-BadSignature", DKIM, take_action, "dkim", "on-fail", NULL },
	{ "On-NoSignature", DKIM, take_action, "dkim", "on-none", NULL },
	{ "On-DNSError", DKIM, take_action, "dkim", "on-temperror", NULL },
	{ "On-InternalError", DKIM, take_action, "", "on-internal-error", NULL },
	{ "TrustAnchorFile", DKIM, take_text, "dns", "trust-anchor", NULL },
	{ "Nameservers", DKIM, take_servers, NULL, NULL, NULL },
	{ "DNSTimeout", DKIM, take_nothing, NULL, NULL, "one deadline holds for all lookups of a message: evaluation-timeout." },
	{ "AlwaysAddARHeader", DKIM, take_nothing, NULL, NULL, "not needed: every judged message gets the field." },

	{ "RejectFailures", DMARC, take_reject, NULL, NULL, NULL },
	{ "HoldQuarantinedMessages", DMARC, take_hold, NULL, NULL, NULL },
	{ "RequiredHeaders", DMARC, take_required_headers, NULL, NULL, NULL },
	{ "RejectMultiValueFrom", DMARC, take_nothing, NULL, NULL, "always: dmarc { on-malformed-from = \"reject\" } is the default." },
	{ "IgnoreHosts", DMARC, take_networks, "", "trusted-networks", NULL },
	{ "IgnoreAuthenticatedClients", DMARC, take_switch, "", "skip-authenticated", NULL },
	{ "IgnoreMailFrom", DMARC, take_nothing, NULL, NULL, ALONE },
	{ "DomainWhitelist", DMARC, take_nothing, NULL, NULL, ALONE },
	{ "DomainWhitelistFile", DMARC, take_nothing, NULL, NULL, ALONE },
	{ "PublicSuffixList", DMARC, take_text, "dmarc", "public-suffix-list", NULL },
	{ "DNSTimeout", DMARC, take_nothing, NULL, NULL, "one deadline holds for all lookups of a message: evaluation-timeout." },
	{ "TrustedAuthservIDs", DMARC, take_nothing, NULL, NULL, IN_PROCESS },
	{ "SPFSelfValidate", DMARC, take_nothing, NULL, NULL, IN_PROCESS },
	{ "SPFIgnoreResults", DMARC, take_nothing, NULL, NULL, IN_PROCESS },
	{ "HistoryFile", DMARC, take_nothing, NULL, NULL, REPORTS },
	{ "FailureReports", DMARC, take_nothing, NULL, NULL, REPORTS },
	{ "FailureReportsSentBy", DMARC, take_nothing, NULL, NULL, REPORTS },
	{ "FailureReportsBcc", DMARC, take_nothing, NULL, NULL, REPORTS },
	{ "FailureReportsOnNone", DMARC, take_nothing, NULL, NULL, REPORTS },
	{ "CopyFailuresTo", DMARC, take_nothing, NULL, NULL, REPORTS },
	{ "ReportCommand", DMARC, take_nothing, NULL, NULL, REPORTS },
};

static const struct row *find_row(const char *key, enum as_migrate_source source)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].sources & 1U << source && as_equal_nocase(rows[i].key, key))
			return &rows[i];
	return NULL;
}

/* "Key value # comment": the value without what surrounds it, printable, and without what would end our string. */
static void take_line(struct migration *m, const struct as_migrate_input *input, unsigned number, char *text)
{
	text[strcspn(text, "#\r")] = '\0';
	text += strspn(text, " \t");
	size_t key_length = strcspn(text, " \t");
	if (!key_length)
		return;
	const char *value = text + key_length;
	value += strspn(value, " \t\"");
	size_t n = strlen(value);
	while (n && strchr(" \t\"", value[n - 1]))
		n--;
	const char *key = as_escape(m->arena, text, key_length, VALUE_MAX);
	struct line line = { .value = as_escape(m->arena, value, n, VALUE_MAX) };
	line.where = as_printf(m->arena, "%s:%u %s %s", input->name, number, key, line.value);
	const struct row *row = find_row(key, input->source);
	if (!row)
		note(m, &line, "no equivalent; see assay.conf(5).");
	else if (strpbrk(line.value, "\"\\$"))
		note(m, &line, "the value has characters that need care; set it by hand.");
	else
		row->take(m, row, &line);
}

static void take_input(struct migration *m, const struct as_migrate_input *input)
{
	char *text = as_strdup(m->arena, input->text);
	unsigned number = 0;
	for (char *line; (line = strsep(&text, "\n"));)
		take_line(m, input, ++number, line);
	m->has_dmarc |= input->source == AS_MIGRATE_OPENDMARC;
}

/* OpenDMARC only looks unless told to refuse, holds or passes what asks for quarantine, and takes any header unless told otherwise. */
static void settle_dmarc(struct migration *m)
{
	const struct line line = { .where = m->rejects ? "RejectFailures true" : "RejectFailures is not set, nothing was refused" };
	if (!m->has_dmarc)
		return;
	write_keyword(m, "dmarc", "on-reject", m->rejects ? "\"reject\"" : "\"accept\"", &line);
	const struct line headers = { .where = "RequiredHeaders is not set" };
	if (!m->requires_headers)
		note(m, &headers, "a message without one clear author is refused, unless dmarc { on-malformed-from = \"accept\" }.");
	const struct line held = { .where = m->holds ? "HoldQuarantinedMessages true" : "HoldQuarantinedMessages is not set" };
	write_keyword(m, "dmarc", "on-quarantine", m->rejects && m->holds ? "\"quarantine\"" : "\"tag\"", &held);
}

static void write_section(struct migration *m, struct as_buf *out, const char *section)
{
	const char *indent = *section ? "\t" : "";
	bool is_open = false;
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->outputs[i].section, section) != 0)
			continue;
		if (*section && !is_open)
			as_buf_printf(out, "\n%s {\n", section);
		is_open = true;
		as_buf_printf(out, "%s# %s\n%s%s = %s\n", indent, m->outputs[i].from, indent, m->outputs[i].keyword, m->outputs[i].value);
	}
	if (*section && is_open)
		as_buf_puts(out, "}\n");
}

const char *as_migrate(struct as_arena *arena, const struct as_migrate_input *inputs, size_t count)
{
	static const char *const sections[] = { "", "log", "dns", "spf", "dkim", "dmarc" };
	struct migration *m = as_alloc(arena, sizeof *m);
	struct as_buf out = as_buf_new(arena);
	m->arena = arena;
	m->notes = as_buf_new(arena);
	for (size_t i = 0; i < count; i++)
		take_input(m, &inputs[i]);
	settle_dmarc(m);
	as_buf_puts(&out, "# Made by assay migrate. Read it, then check it with: assayd -n -c FILE\n");
	as_buf_puts(&out, "# A first week with report-only = true shows in the log what would be done.\n");
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		write_section(m, &out, sections[i]);
	if (m->notes.length)
		as_buf_printf(&out, "\n# Not carried over:\n%s", m->notes.text);
	return out.text;
}
