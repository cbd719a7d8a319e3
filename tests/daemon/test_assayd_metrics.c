/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assayd_metrics.c - the endpoint of the running daemon: what it counts, who may ask, and that nobody can hold it up. */
#include "config.h"

#include "exposition.h"
#include "rig.h"
#include "rule.h"
#include "rule_stats.h"

#include "test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { TEXT = 256, REPLY = 1 << 20, HTTP_WAIT_MS = 30000, LOITERERS = 7 /* one less than the daemon serves at once */,
       DAY_S = 86400 };

static const char get[] = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

struct world {
	struct rig *rig;
	char address[TEXT]; /* of the endpoint */
	char reply[REPLY];  /* the latest */
};

static struct world *world_new(const char *address, const char *extra)
{
	struct world *w = calloc(1, sizeof *w);
	char lines[1024];
	snprintf(w->address, sizeof w->address, "%s", address);
	snprintf(lines, sizeof lines, "metrics { socket = \"%s\" }\n%s", address, extra);
	w->rig = rig_new(lines);
	return w;
}

static struct world *world_inet(const char *extra)
{
	char address[TEXT];
	snprintf(address, sizeof address, "inet:%u@127.0.0.1", daemon_free_port(AF_INET));
	return world_new(address, extra);
}

static void world_free(struct world *w)
{
	rig_free(w->rig);
	free(w);
}

static struct milter_client *dial(const struct world *w)
{
	struct milter_client *c = milter_open(w->address);
	if (!c)
		fail_msg("%s: %s", w->address, strerror(errno));
	return c;
}

/* Everything up to the end of the connection. */
static void read_all(struct world *w, int fd)
{
	size_t n = 0;
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	for (;;) {
		if (poll(&wait, 1, HTTP_WAIT_MS) != 1)
			fail_msg("no answer");
		ssize_t got = read(fd, w->reply + n, sizeof w->reply - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	w->reply[n] = '\0';
}

/* The whole reply to these bytes. */
static const char *request(struct world *w, const void *bytes, size_t n)
{
	struct milter_client *c = dial(w);
	assert_int_equal(send(milter_fd(c), bytes, n, MSG_NOSIGNAL), n);
	read_all(w, milter_fd(c));
	milter_close(c);
	return w->reply;
}

/* The text of the metrics, which is right. */
static const char *scrape(struct world *w)
{
	char fault[EXPOSITION_FAULT];
	const char *reply = request(w, get, sizeof get - 1), *text = strstr(reply, "\r\n\r\n");
	assert_int_equal(strncmp(reply, "HTTP/1.1 200 OK\r\n", 17), 0);
	assert_non_null(strstr(reply, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	assert_non_null(text);
	if (exposition_check(text + 4, fault))
		fail_msg("%s", fault);
	return text + 4;
}

struct expectation {
	const char *sample;
	double value;
};

static void expect(struct world *w, const char *name, const struct expectation *e)
{
	const char *text = scrape(w);
	for (; e->sample; e++)
		if (exposition_value(text, e->sample) != e->value)
			fail_msg("%s: %s is %g, not %g", name, e->sample, exposition_value(text, e->sample), e->value);
}

static void messages_are_counted(struct world *w)
{
	static const struct expectation none[] = {
		{ "assay_messages_total{action=\"accept\"}", 0 }, { "assay_connections_open", 0 }, { "assay_connections_total", 0 },
		{ "assay_decisions_total{rule=\"dmarc-reject\"}", 0 }, { "assay_decisions_total{rule=\"exempt\"}", 0 },
		{ "assay_rule_expiry_timestamp_seconds{rule=\"exempt\"}", 2129846400 }, { NULL, 0 },
	};
	static const struct expectation some[] = {
		{ "assay_connections_open", 2 },
		{ "assay_connections_total", 2 },
		{ "assay_connections_maximum", 1000 },
		{ "assay_messages_in_flight", 1 },
		{ "assay_messages_total{action=\"accept\"}", 2 },
		{ "assay_messages_total{action=\"reject\"}", 1 },
		{ "assay_messages_total{action=\"tag\"}", 1 },
		{ "assay_messages_total{action=\"tempfail\"}", 0 },
		{ "assay_decisions_total{rule=\"default\"}", 1 },
		{ "assay_decisions_total{rule=\"exempt\"}", 1 },
		{ "assay_decisions_total{rule=\"dmarc-reject\"}", 1 },
		{ "assay_decisions_total{rule=\"dmarc-quarantine\"}", 1 },
		{ "assay_results_total{method=\"spf\",result=\"pass\"}", 2 },
		{ "assay_results_total{method=\"spf\",result=\"fail\"}", 2 },
		{ "assay_results_total{method=\"dkim\",result=\"none\"}", 4 },
		{ "assay_results_total{method=\"dmarc\",result=\"pass\"}", 2 },
		{ "assay_results_total{method=\"dmarc\",result=\"fail\"}", 2 },
		{ "assay_dnssec_states_total{method=\"dmarc\",state=\"indeterminate\"}", 4 },
		{ "assay_dnssec_states_total{method=\"dmarc\",state=\"secure\"}", 0 },
		{ "assay_evaluation_seconds_count", 4 },
		{ "assay_evaluation_seconds_bucket{le=\"+Inf\"}", 4 },
		{ "assay_internal_errors_total", 0 },
		{ "assay_dns_bogus_total", 0 },
		{ "assay_dns_timeouts_total", 0 },
		{ "assay_dns_cache_limit_bytes", 32 << 20 }, /* half of 64 MB; the other half is libunbound's */
		{ NULL, 0 },
	};
	expect(w, "before", none);
	struct milter_client *ours = rig_client(w->rig, RIG_CLIENT_OURS), *foreign = rig_client(w->rig, RIG_CLIENT_FOREIGN);
	assert_int_equal(rig_message(ours, "example.com")->answer, MILTER_CONTINUE);
	assert_int_equal(rig_message(ours, "none.example")->answer, MILTER_CONTINUE);
	assert_int_equal(rig_message(foreign, "example.com")->answer, MILTER_REPLY);
	assert_int_equal(rig_message(foreign, "quarantine.example")->answer, MILTER_CONTINUE);
	rig_mail(foreign, "<user@example.com>"); /* and no more of it */
	assert_true(milter_flush(foreign));
	expect(w, "after", some);
	const char *text = scrape(w);
	assert_true(exposition_value(text, "assay_message_bytes_total") > 0);
	double asked = exposition_value(text, "assay_dns_questions_total"), hits = exposition_value(text, "assay_dns_cache_hits_total");
	assert_true(hits > 0 && hits < asked);
	assert_true(hits + exposition_value(text, "assay_dns_cache_misses_total") <= asked);
	assert_true(exposition_value(text, "assay_dns_queries_total") >= exposition_value(text, "assay_dns_cache_entries"));
	assert_true(exposition_value(text, "assay_dns_cache_bytes") > 0);
	assert_true(exposition_value(text, "process_resident_memory_bytes") > 1 << 20);
	assert_true(exposition_value(text, "process_open_fds") > 5);
	rig_farewell(ours);
	rig_farewell(foreign);
}

static const char rules[] = "rule \"exempt\" { action = \"accept\" spf = {\"pass\"} envelope-domain = {\"none.example\"} expires = \"2037-06-29\" }";

static void over_loopback(void **state)
{
	(void)state;
	struct world *w = world_inet(rules);
	messages_are_counted(w);
	world_free(w);
}

static void over_a_unix_socket(void **state)
{
	(void)state;
	char folder[] = "/tmp/assay-metrics-XXXXXX", address[TEXT];
	struct stat st;
	assert_non_null(mkdtemp(folder));
	snprintf(address, sizeof address, "unix:%s/m", folder);
	struct world *w = world_new(address, rules);
	assert_int_equal(stat(address + 5, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	messages_are_counted(w);

	/* What was killed leaves its file behind; the next start takes it over. */
	daemon_signal(w->rig->daemon, SIGKILL);
	assert_int_equal(daemon_wait_end(w->rig->daemon), 128 + SIGKILL);
	assert_int_equal(stat(address + 5, &st), 0);
	assert_true(daemon_start(w->rig->daemon));
	assert_int_equal(exposition_value(scrape(w), "assay_connections_total"), 0);
	world_free(w);
	assert_int_equal(stat(address + 5, &st), -1);
	assert_int_equal(rmdir(folder), 0);
}

static void only_get_metrics(void **state)
{
	static const struct {
		const char *name, *request;
		const char *status; /* how the answer begins; "": the connection just ends, or is told what is wrong */
	} cases[] = {
		{ "another path", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 " },
		{ "below", "GET /metrics/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 " },
		{ "climbing", "GET /metrics/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 " },
		{ "query", "GET /metrics?name=x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 " },
		{ "HTTP/1.0", "GET /metrics HTTP/1.0\r\n\r\n", "HTTP/1.1 200 " },
		{ "HEAD", "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 " },
		{ "POST", "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 405 " },
		{ "POST without end", "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3000000000\r\n\r\n", "HTTP/1.1 405 " },
		{ "DELETE", "DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 405 " },
		{ "no HTTP", "EHLO x\r\n\r\n", "" },
		{ "milter", "\0\0\0\rO\0\0\0\6\r\n\r\n", "" },
		{ "TLS", "\x16\x03\x01\x02\r\n\r\n", "" },
	};
	(void)state;
	struct world *w = world_inet("");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct milter_client *c = dial(w);
		size_t n = strlen(cases[i].request);
		assert_int_equal(send(milter_fd(c), cases[i].request, n ? n : 13, MSG_NOSIGNAL), n ? n : 13);
		shutdown(milter_fd(c), SHUT_WR);
		read_all(w, milter_fd(c));
		milter_close(c);
		if (strncmp(w->reply, cases[i].status, strlen(cases[i].status)) != 0)
			fail_msg("%s: '%.200s'", cases[i].name, w->reply);
		if (!*cases[i].status && strstr(w->reply, "assay_"))
			fail_msg("%s: '%.200s'", cases[i].name, w->reply);
	}
	assert_int_equal(exposition_value(scrape(w), "assay_connections_total"), 0);
	world_free(w);
}

/* A request that never ends is cut at its size, whatever it consists of. */
static void endless_requests(void **state)
{
	static const char *const starts[] = { "GET /", "GET /metrics HTTP/1.1\r\nX: ", "GET /metrics HTTP/1.1\r\n", "" };
	static const char *const rests[] = { "aaaaaaaaaaaaaaaa", "a: b\r\nc: d\r\nee: f\r\n" };
	(void)state;
	struct world *w = world_inet("");
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		struct milter_client *c = dial(w);
		struct pollfd wait = { .fd = milter_fd(c), .events = POLLOUT };
		ssize_t sent = send(wait.fd, starts[i], strlen(starts[i]), MSG_NOSIGNAL);
		size_t total = 0;
		while (sent >= 0 && total < 64 << 20 && poll(&wait, 1, HTTP_WAIT_MS) == 1) {
			sent = send(wait.fd, rests[i % 2], strlen(rests[i % 2]), MSG_NOSIGNAL | MSG_DONTWAIT);
			total += sent > 0 ? (size_t)sent : 0;
			if (sent < 0 && errno == EAGAIN)
				sent = 0;
		}
		assert_int_equal(sent, -1); /* the other side has closed */
		milter_close(c);
	}
	scrape(w);
	world_free(w);
}

/* CVE-2007-6750: those who connect and say nothing, half a request, or do not read, hold up neither mail nor other scrapers. */
static void loiterers(void **state)
{
	(void)state;
	struct world *w = world_inet("");
	struct milter_client *idle[LOITERERS], *c = rig_client(w->rig, RIG_CLIENT_OURS);
	for (size_t i = 0; i < LOITERERS; i++) {
		idle[i] = dial(w);
		if (i % 3 == 1)
			assert_int_equal(send(milter_fd(idle[i]), get, 20, MSG_NOSIGNAL), 20);
		if (i % 3 == 2)
			assert_int_equal(send(milter_fd(idle[i]), get, sizeof get - 1, MSG_NOSIGNAL), sizeof get - 1);
	}
	assert_int_equal(rig_message(c, "example.com")->answer, MILTER_CONTINUE);
	assert_int_equal(exposition_value(scrape(w), "assay_messages_total{action=\"accept\"}"), 1);
	struct milter_client *more[3 * LOITERERS]; /* more than it serves: mail does not notice */
	for (size_t i = 0; i < 3 * LOITERERS; i++)
		more[i] = dial(w);
	assert_int_equal(rig_message(c, "example.com")->answer, MILTER_CONTINUE);
	rig_farewell(c);
	world_free(w); /* stops with all of them there */
	for (size_t i = 0; i < LOITERERS; i++)
		milter_close(idle[i]);
	for (size_t i = 0; i < 3 * LOITERERS; i++)
		milter_close(more[i]);
}

static void reload_with(struct world *w, const char *extra, const char *result)
{
	char lines[1024];
	snprintf(lines, sizeof lines, "metrics { socket = \"%s\" }\n%s", w->address, extra);
	rig_configure(w->rig, lines);
	daemon_signal(w->rig->daemon, SIGUSR1);
	assert_true(daemon_wait_state(w->rig->daemon, "RELOADING=1"));
	assert_true(daemon_wait_state(w->rig->daemon, "READY=1"));
	assert_true(daemon_wait_log(w->rig->daemon, result));
}

static void reloads_are_counted(void **state)
{
	static const struct expectation done[] = {
		{ "assay_reloads_total{result=\"success\"}", 1 }, { "assay_reloads_total{result=\"failure\"}", 0 },
		{ "assay_config_last_reload_successful", 1 }, { "assay_connections_maximum", 7 },
		{ "assay_decisions_total{rule=\"default\"}", 1 }, { "assay_decisions_total{rule=\"exempt\"}", 0 },
		{ "assay_rule_expiry_timestamp_seconds{rule=\"exempt\"}", 2129846400 }, { "assay_report_only", 1 },
		{ "assay_messages_total{action=\"accept\"}", 1 }, { NULL, 0 },
	};
	static const struct expectation failed[] = {
		{ "assay_reloads_total{result=\"success\"}", 1 }, { "assay_reloads_total{result=\"failure\"}", 1 },
		{ "assay_config_last_reload_successful", 0 }, { "assay_connections_maximum", 7 },
		{ "assay_messages_spared_total{action=\"reject\"}", 1 }, { "assay_messages_total{action=\"accept\"}", 2 },
		{ "assay_messages_total{action=\"reject\"}", 0 }, { NULL, 0 },
	};
	char more[1024];
	(void)state;
	struct world *w = world_inet("");
	struct milter_client *c = rig_client(w->rig, RIG_CLIENT_OURS);
	assert_int_equal(rig_message(c, "example.com")->answer, MILTER_CONTINUE);
	rig_farewell(c);
	snprintf(more, sizeof more, "maximum-connections = 7 report-only = true\n%s", rules);
	reload_with(w, more, "reload: done");
	expect(w, "a good file", done);
	c = rig_client(w->rig, RIG_CLIENT_FOREIGN);
	assert_int_equal(rig_message(c, "example.com")->answer, MILTER_CONTINUE);
	rig_farewell(c);
	reload_with(w, "maximum-connections = many", "reload: failed");
	expect(w, "a broken file", failed);
	world_free(w);
}

/* Of the shadow configuration in force, from the reload on that brought it; nothing without one. */
static void shadows_are_counted(void **state)
{
	static const struct expectation none[] = { { "assay_shadow_messages_total{action=\"tag\",shadow=\"reject\"}", 0 },
						   { "assay_shadow_unknown_total", 0 }, { NULL, 0 } };
	static const struct expectation some[] = { { "assay_shadow_messages_total{action=\"tag\",shadow=\"reject\"}", 2 },
						   { "assay_shadow_messages_total{action=\"reject\",shadow=\"reject\"}", 1 },
						   { "assay_shadow_other_rule_total", 0 }, { "assay_shadow_unknown_total", 0 }, { NULL, 0 } };
	char path[TEXT], more[2 * TEXT];
	(void)state;
	struct world *w = world_inet("");
	assert_null(strstr(scrape(w), "assay_shadow"));
	snprintf(path, sizeof path, "%s/next.conf", daemon_folder(w->rig->daemon));
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs("dmarc { on-quarantine = \"reject\" }\n", out);
	fclose(out);
	snprintf(more, sizeof more, "shadow-configuration = \"%s\"", path);
	reload_with(w, more, "reload: done");
	expect(w, "before", none);
	struct milter_client *c = rig_client(w->rig, RIG_CLIENT_FOREIGN);
	assert_int_equal(rig_message(c, "quarantine.example")->answer, MILTER_CONTINUE);
	assert_int_equal(rig_message(c, "quarantine.example")->answer, MILTER_CONTINUE);
	assert_int_equal(rig_message(c, "example.com")->answer, MILTER_REPLY);
	expect(w, "after", some);
	reload_with(w, "maximum-connections = many", "reload: failed");
	expect(w, "a broken file", some);
	reload_with(w, more, "shadow: messages=3 differ=2 tag-to-reject=2 other-rule=0 unknown=0");
	expect(w, "anew", none);
	rig_farewell(c);
	world_free(w);
}

static void refusals_are_counted(void **state)
{
	static const struct expectation wanted[] = {
		{ "assay_connections_total", 2 }, { "assay_connections_refused_total{reason=\"crowded\"}", 1 },
		{ "assay_connections_refused_total{reason=\"unfit\"}", 0 }, { "assay_messages_deferred_total{reason=\"crowded\"}", 1 },
		{ "assay_messages_total{action=\"tempfail\"}", 0 }, { NULL, 0 },
	};
	(void)state;
	struct world *w = world_inet("maximum-connections = 1");
	struct milter_client *first = rig_client(w->rig, RIG_CLIENT_OURS), *second = rig_client(w->rig, RIG_CLIENT_OURS);
	assert_int_equal(milter_mail(second, "<user@example.com>"), MILTER_REPLY);
	expect(w, "crowded", wanted);
	rig_farewell(first);
	rig_farewell(second);
	world_free(w);
}

/* Another reload does not move the endpoint, and says so. */
static void a_changed_section_needs_a_restart(void **state)
{
	(void)state;
	struct world *w = world_inet("");
	rig_configure(w->rig, "");
	daemon_signal(w->rig->daemon, SIGUSR1);
	assert_true(daemon_wait_log(w->rig->daemon, "reload: a changed section metrics needs a restart"));
	assert_true(daemon_wait_log(w->rig->daemon, "reload: done"));
	assert_int_equal(exposition_value(scrape(w), "assay_reloads_total{result=\"success\"}"), 1);
	world_free(w);
}

/* A start that cannot have its socket ends, and leaves that of others alone. */
static void a_taken_socket(void **state)
{
	(void)state;
	struct world *w = world_inet("");
	struct daemon *d = daemon_new();
	char text[2048], socket[TEXT];
	struct stat st;
	snprintf(socket, sizeof socket, "%s/socket", daemon_folder(d));
	snprintf(text, sizeof text, "socket = \"unix:%s\" user = \"\" log { target = \"stderr\" }\nmetrics { socket = \"%s\" }\n"
		 "dns { mode = \"forward\" forward = {\"127.0.0.1@9\"} trust-anchor = \"\" }\n", socket, w->address);
	daemon_configure(d, text);
	assert_false(daemon_start(d));
	assert_int_equal(daemon_wait_end(d), EX_UNAVAILABLE);
	assert_non_null(strstr(daemon_log(d), "assayd: metrics: cannot listen on inet:127.0.0.1:"));
	assert_int_equal(stat(socket, &st), -1);
	daemon_free(d);
	scrape(w);
	world_free(w);
}

static const char three_rules[] =
	"rule \"watch\" { action = \"report-only\" spf = {\"fail\"} }\n"
	"rule \"exempt\" { action = \"accept\" spf = {\"pass\"} envelope-domain = {\"none.example\"} }\n"
	"rule \"never\" { action = \"accept\" client = {\"192.0.2.250\"} owner = \"bob\" reason = \"ticket 7\" }";

/* What the file says of a rule by its name. */
static struct as_rule_stat *record(struct as_rule_stats *stats, const char *name)
{
	for (size_t i = 0; i < stats->count; i++)
		if (strcmp(stats->list[i].name, name) == 0)
			return &stats->list[i];
	fail_msg("no rule %s", name);
	return NULL;
}

static void load_records(const char *path, struct as_arena *arena, struct as_rule_stats *stats)
{
	const char *detail = "";
	if (as_rule_stats_load(arena, path, stats, &detail))
		fail_msg("%s", detail);
}

/* Makes the records older, as if the daemon had served for long. */
static void age_records(const char *path, int64_t now_s)
{
	struct as_arena *arena = as_arena_new();
	struct as_rule_stats stats;
	struct as_buf text = as_buf_new(arena);
	load_records(path, arena, &stats);
	assert_int_equal(stats.count, 3);
	assert_int_equal(record(&stats, "watch")->hits, 2);
	assert_int_equal(record(&stats, "exempt")->hits, 1);
	assert_int_equal(record(&stats, "never")->hits, 0);
	assert_int_equal(record(&stats, "never")->last_s, 0);
	assert_in_range(record(&stats, "watch")->last_s, now_s - 600, now_s);
	record(&stats, "watch")->since_s = record(&stats, "never")->since_s = now_s - 100 * DAY_S - 60;
	record(&stats, "exempt")->since_s = now_s - 100 * DAY_S - 60;
	record(&stats, "exempt")->last_s = now_s - 40 * DAY_S - 60;
	as_rule_stats_print(&text, &stats);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text.text, file);
	fclose(file);
	as_arena_free(arena);
}

static void expect_announced(struct world *w, int64_t now_s)
{
	char file[TEXT], since[AS_DATE_TEXT], last[AS_DATE_TEXT], today[AS_DATE_TEXT];
	struct as_arena *arena = as_arena_new();
	as_date_text(now_s - 100 * DAY_S - 60, since);
	as_date_text(now_s - 40 * DAY_S - 60, last);
	snprintf(file, sizeof file, "%s/assay.conf", daemon_folder(w->rig->daemon));
	as_date_text(now_s, today);
	const char *wanted = as_printf(arena,
		"  1 watch                      report-only  spf = {\"fail\"}\n"
		"    matched 2 times since %s, last on %s\n"
		"  2 exempt                     accept       spf = {\"pass\"} envelope-domain = {\"none.example\"}\n"
		"    has not matched since %s (40 days)\n"
		"    matched 1 time since %s, last on %s\n"
		"  3 never                      accept       client = {\"192.0.2.250/32\"}\n"
		"    bob: ticket 7\n"
		"    never matched in the 100 days it is there\n"
		"unused: exemption exempt has not matched since %s (40 days)\n"
		"unused: exemption never never matched in the 100 days it is there; ask bob; reason: ticket 7\n",
		since, today, last, since, last, last);
	daemon_spawn(w->rig->daemon, (const char *const[]){ "-n", "-c", file, NULL });
	assert_int_equal(daemon_wait_end(w->rig->daemon), 0);
	if (!strstr(daemon_output(w->rig->daemon), wanted))
		fail_msg("'%s' is not in '%s'", wanted, daemon_output(w->rig->daemon));
	as_arena_free(arena);
}

/* Counters begin anew with a start; what is known of rules goes on, and ends when their conditions change. */
static void rules_are_remembered(void **state)
{
	(void)state;
	struct world *w = world_inet(three_rules);
	char path[TEXT];
	struct as_arena *arena = as_arena_new();
	struct as_rule_stats stats;
	snprintf(path, sizeof path, "%s/rules", daemon_folder(w->rig->daemon));
	struct milter_client *ours = rig_client(w->rig, RIG_CLIENT_OURS), *foreign = rig_client(w->rig, RIG_CLIENT_FOREIGN);
	assert_int_equal(rig_message(ours, "none.example")->answer, MILTER_CONTINUE);
	assert_int_equal(rig_message(foreign, "example.com")->answer, MILTER_REPLY);
	assert_int_equal(rig_message(foreign, "example.com")->answer, MILTER_REPLY);
	expect(w, "hits", (const struct expectation[]){
		{ "assay_rule_hits_total{rule=\"watch\"}", 2 }, { "assay_rule_hits_total{rule=\"exempt\"}", 1 },
		{ "assay_rule_hits_total{rule=\"never\"}", 0 }, { "assay_decisions_total{rule=\"watch\"}", 0 },
		{ "assay_rule_info{rule=\"watch\",action=\"report-only\"}", 1 }, { "assay_rule_last_hit_timestamp_seconds{rule=\"never\"}", -1 },
		{ NULL, 0 } });
	rig_farewell(ours);
	assert_int_equal(daemon_stop(w->rig->daemon), 0); /* with a connection that stays */
	milter_close(foreign);
	int64_t now_s = (int64_t)time(NULL);
	age_records(path, now_s);
	expect_announced(w, now_s);

	assert_true(daemon_start(w->rig->daemon));
	expect(w, "restarted", (const struct expectation[]){
		{ "assay_rule_hits_total{rule=\"exempt\"}", 0 },
		{ "assay_rule_first_seen_timestamp_seconds{rule=\"exempt\"}", (double)(now_s - 100 * DAY_S - 60) },
		{ "assay_rule_last_hit_timestamp_seconds{rule=\"exempt\"}", (double)(now_s - 40 * DAY_S - 60) }, { NULL, 0 } });
	ours = rig_client(w->rig, RIG_CLIENT_OURS);
	assert_int_equal(rig_message(ours, "none.example")->answer, MILTER_CONTINUE);
	reload_with(w, "rule \"exempt\" { action = \"tag\" spf = {\"pass\"} envelope-domain = {\"none.example\"} owner = \"eve\" }\n"
		       "rule \"never\" { action = \"accept\" client = {\"192.0.2.251\"} }", "reload: done");
	assert_int_equal(rig_message(ours, "none.example")->answer, MILTER_CONTINUE);
	rig_farewell(ours);
	assert_int_equal(daemon_stop(w->rig->daemon), 0);
	load_records(path, arena, &stats);
	assert_int_equal(stats.count, 2);
	assert_int_equal(record(&stats, "exempt")->hits, 3);
	assert_int_equal(record(&stats, "exempt")->since_s, now_s - 100 * DAY_S - 60);
	assert_in_range(record(&stats, "never")->since_s, now_s, now_s + 600);
	as_arena_free(arena);
	assert_true(daemon_start(w->rig->daemon));
	world_free(w);
}

/* No folder for the file: the start says so once, and mail goes on. */
static void statistics_cannot_be_kept(void **state)
{
	(void)state;
	struct world *w = world_inet("rule-statistics = \"/nonexistent/rules\"\nrule \"r\" { action = \"accept\" client = {\"192.0.2.1\"} }");
	struct milter_client *c = rig_client(w->rig, RIG_CLIENT_OURS);
	assert_true(daemon_wait_log(w->rig->daemon, "rule statistics cannot be written to /nonexistent/rules, they are dropped: No such file"));
	assert_int_equal(rig_message(c, "none.example")->answer, MILTER_CONTINUE);
	assert_int_equal(exposition_value(scrape(w), "assay_rule_hits_total{rule=\"r\"}"), 1);
	reload_with(w, "rule-statistics = \"/nonexistent/rules\"\nrule \"r\" { action = \"accept\" client = {\"192.0.2.1\"} }", "reload: done");
	assert_int_equal(rig_message(c, "none.example")->answer, MILTER_CONTINUE);
	rig_farewell(c);
	const char *first = strstr(daemon_log(w->rig->daemon), "rule statistics cannot");
	assert_null(strstr(first + 1, "rule statistics cannot"));
	world_free(w);
}

static void check_says_where(void **state)
{
	static const struct {
		const char *name, *socket, *line;
	} cases[] = {
		{ "a name", "inet:8895@localhost", "\nmetrics: inet:8895@localhost\n" },
		{ "no host", "inet:8895", "\nmetrics: inet:8895\n" },
		{ "IPv6", "inet6:8895@[::1]", "\nmetrics: inet6:8895@::1\n" },
		{ "unix", "unix:/run/assay/metrics", "\nmetrics: unix:/run/assay/metrics\n" },
		{ "everybody", "inet:8895@0.0.0.0", "\nmetrics: inet:8895@0.0.0.0, OTHER HOSTS MAY REACH IT\n" },
		{ "a public address", "inet:8895@192.0.2.1", "\nmetrics: inet:8895@192.0.2.1, OTHER HOSTS MAY REACH IT\n" },
		{ "everybody, IPv6", "inet6:8895@[::]", "\nmetrics: inet6:8895@::, OTHER HOSTS MAY REACH IT\n" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct daemon *d = daemon_new();
		char text[1024], file[TEXT];
		snprintf(text, sizeof text, "metrics { socket = \"%s\" }\ndns { trust-anchor = \"\" }\n", cases[i].socket);
		snprintf(file, sizeof file, "%s/assay.conf", daemon_folder(d));
		daemon_configure(d, text);
		daemon_spawn(d, (const char *const[]){ "-n", "-c", file, NULL });
		assert_int_equal(daemon_wait_end(d), 0);
		if (!strstr(daemon_output(d), cases[i].line))
			fail_msg("%s: '%s'", cases[i].name, daemon_output(d));
		daemon_free(d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_loopback),
		cmocka_unit_test(over_a_unix_socket),
		cmocka_unit_test(only_get_metrics),
		cmocka_unit_test(endless_requests),
		cmocka_unit_test(loiterers),
		cmocka_unit_test(reloads_are_counted),
		cmocka_unit_test(shadows_are_counted),
		cmocka_unit_test(refusals_are_counted),
		cmocka_unit_test(a_changed_section_needs_a_restart),
		cmocka_unit_test(a_taken_socket),
		cmocka_unit_test(rules_are_remembered),
		cmocka_unit_test(statistics_cannot_be_kept),
		cmocka_unit_test(check_says_where),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
