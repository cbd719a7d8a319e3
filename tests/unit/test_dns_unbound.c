/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dns_unbound.c - libunbound against a small server of hand-made answers on loopback, through a stub zone; trust anchor files. */
#include "config.h"

#include "test.h"

#include "dns.h"
#include "dns_backend.h"
#include "dns_characters.h"
#include "dns_unbound.h"
#include "str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- a server ------------------------------------------------------------------------------------------------------ */

struct server {
	int udp;
	int tcp;
	int stop[2];
	unsigned port;
	pthread_t thread;
};

static void serve_udp(int fd, struct dns_reply *r)
{
	uint8_t query[DNS_REPLY_MAX];
	struct sockaddr_in from;
	socklen_t length = sizeof from;
	ssize_t n = recvfrom(fd, query, sizeof query, 0, (struct sockaddr *)&from, &length);
	r->is_tcp = false;
	dns_characters_answer(r, query, n > 0 ? (size_t)n : 0);
	if (r->size > 0)
		sendto(fd, r->bytes, r->size, 0, (struct sockaddr *)&from, length);
}

static void reply_tcp(int fd, struct dns_reply *r, const uint8_t *query, ssize_t n)
{
	r->is_tcp = true;
	dns_characters_answer(r, query + 2, n > 2 ? (size_t)n - 2 : 0);
	const uint8_t length[2] = { (uint8_t)(r->size >> 8), (uint8_t)r->size };
	if (r->size > 0 && send(fd, length, 2, MSG_NOSIGNAL | MSG_MORE) == 2)
		send(fd, r->bytes, r->size, MSG_NOSIGNAL);
}

static void serve_tcp(int listener, struct dns_reply *r)
{
	uint8_t query[2 + 512];
	int fd = accept(listener, NULL, NULL);
	ssize_t n = fd >= 0 ? recv(fd, query, sizeof query, 0) : -1; /* libunbound sends length and query in one piece */
	reply_tcp(fd, r, query, n);
	if (fd >= 0)
		close(fd);
}

static void *serve(void *user)
{
	struct server *s = user;
	struct dns_reply *reply = as_xalloc(sizeof *reply);
	struct pollfd fds[] = {
		{ .fd = s->stop[0], .events = POLLIN },
		{ .fd = s->udp, .events = POLLIN },
		{ .fd = s->tcp, .events = POLLIN },
	};
	while (poll(fds, 3, -1) > 0 && !fds[0].revents) {
		if (fds[1].revents)
			serve_udp(s->udp, reply);
		if (fds[2].revents)
			serve_tcp(s->tcp, reply);
	}
	free(reply);
	return NULL;
}

/* A port that is free for both. */
static bool bind_both(struct server *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof at;
	s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->udp, (struct sockaddr *)&at, sizeof at) == 0 && getsockname(s->udp, (struct sockaddr *)&at, &length) == 0 &&
	    bind(s->tcp, (struct sockaddr *)&at, sizeof at) == 0 && listen(s->tcp, 8) == 0) {
		s->port = ntohs(at.sin_port);
		return true;
	}
	close(s->udp);
	close(s->tcp);
	return false;
}

static void start_server(struct server *s)
{
	int tries = 0;
	while (!bind_both(s))
		assert_true(++tries < 50);
	assert_int_equal(pipe(s->stop), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop_server(struct server *s)
{
	assert_int_equal(write(s->stop[1], "x", 1), 1);
	pthread_join(s->thread, NULL);
	close(s->udp);
	close(s->tcp);
	close(s->stop[0]);
	close(s->stop[1]);
}

/* --- the resolver in front of it ----------------------------------------------------------------------------------- */

struct rig {
	struct server server;
	struct as_arena *arena;
	struct as_dns *dns;
	const char *state;
};

struct setting {
	const char *anchor;
	const char **insecure;
	bool stub_is_insecure;
	bool is_forwarder; /* the server is asked for everything, instead of the stub zones */
	bool keeps_nothing; /* only libunbound has a cache */
};

static const struct as_dns_options service = { .cache_bytes = 1 << 20, .max_ttl_s = 3600, .failure_ttl_s = 5 };

static void set_up(struct rig *rig, const struct setting *setting)
{
	const char *detail = NULL;
	start_server(&rig->server);
	rig->arena = as_arena_new();
	const char *addresses[] = { as_printf(rig->arena, "127.0.0.1@%u", rig->server.port), NULL };
	const struct as_dns_stub stubs[] = {
		{ .zone = "test.", .addresses = addresses, .insecure = setting->stub_is_insecure },
		{ .zone = "1.168.192.in-addr.arpa", .addresses = addresses },
	};
	const struct as_dns_unbound_options unbound = {
		.mode = setting->is_forwarder ? AS_DNS_FORWARD : AS_DNS_RECURSE,
		.trust_anchor = setting->anchor,
		.insecure = setting->insecure,
		.forward = addresses,
		.stubs = stubs,
		.stub_count = setting->is_forwarder ? 0 : 2,
		.log = &as_test_log_none,
	};
	struct as_dns_backend *backend = as_dns_unbound_new(rig->arena, &unbound, &rig->state, &detail);
	if (!backend)
		fail_msg("%s", detail);
	struct as_dns_options options = service;
	options.cache_bytes = setting->keeps_nothing ? 0 : service.cache_bytes;
	rig->dns = as_dns_new(backend, &options, &as_clock_system);
}

static void tear_down(struct rig *rig)
{
	as_dns_unref(rig->dns);
	stop_server(&rig->server);
	as_arena_free(rig->arena);
}

static struct as_dns_set *new_set(const struct rig *rig, int64_t timeout_ms)
{
	const struct as_dns_limits limits = { .budget = 50, .timeout_ms = timeout_ms };
	return as_dns_set_new(rig->dns, &limits);
}

enum { STUBS_AT_ONCE = 300 };
enum { LONG_MS = 60000, SHORT_MS = 50 };

#define S4 "s.s.s.s."
#define S8 S4 S4
#define X59 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONGEST X59 "." X59 "xxx." X59 "xxx." X59 "xxx.test" /* 253 octets */

static const struct {
	const char *name;
	enum as_dns_type type;
	enum as_dns_status status;
	const char *detail; /* canonical name, or the reason */
	size_t count;
} answers[] = {
	{ "a.test", AS_DNS_A, AS_DNS_OK, "a.test", 1 },
	{ "A.Test", AS_DNS_A, AS_DNS_OK, "a.test", 1 },
	{ "a.test", AS_DNS_TXT, AS_DNS_NODATA, "a.test", 0 },
	{ "nowhere.test", AS_DNS_A, AS_DNS_NXDOMAIN, "nowhere.test", 0 },
	{ "alias.test", AS_DNS_A, AS_DNS_OK, "a.test", 1 },
	{ "lost.test", AS_DNS_TXT, AS_DNS_NXDOMAIN, "nowhere.test", 0 }, /* DM-33: which name is denied */
	/* libunbound follows eleven aliases that it has to ask for one by one; the two chains share none, so none is in its cache */
	{ S8 "s.s.s.a.test", AS_DNS_A, AS_DNS_OK, "a.test", 1 },
	{ S8 S4 "many.test", AS_DNS_A, AS_DNS_TEMPFAIL, "SERVFAIL", 0 },
	{ "loop.test", AS_DNS_A, AS_DNS_TEMPFAIL, "SERVFAIL", 0 },
	{ "servfail.test", AS_DNS_A, AS_DNS_TEMPFAIL, "SERVFAIL", 0 },
	{ "garbage.test", AS_DNS_A, AS_DNS_TEMPFAIL, "SERVFAIL", 0 },
	{ "big.test", AS_DNS_TXT, AS_DNS_OK, "big.test", 1 },
	{ "back\\slash.test", AS_DNS_A, AS_DNS_OK, "back\\slash.test", 1 },
	{ "7.1.168.192.in-addr.arpa", AS_DNS_PTR, AS_DNS_OK, "7.1.168.192.in-addr.arpa", 1 },
	{ "many.test", AS_DNS_A, AS_DNS_OK, "many.test", DNS_MANY },
	{ "dname.below.test", AS_DNS_A, AS_DNS_OK, "dname.test", 1 },
	{ "odd.test", AS_DNS_A, AS_DNS_NXDOMAIN, "?", 0 },
	{ "empty-strings.test", AS_DNS_TXT, AS_DNS_OK, "empty-strings.test", 2 },
	{ LONGEST, AS_DNS_A, AS_DNS_NXDOMAIN, LONGEST, 0 },
	{ "example.invalid", AS_DNS_A, AS_DNS_NXDOMAIN, "example.invalid", 0 },
};

static void check_answers(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, &(struct setting){ .anchor = "" });
	assert_non_null(strstr(rig.state, "DNSSEC VALIDATION IS OFF"));
	struct as_dns_set *set = new_set(&rig, LONG_MS);
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		as_dns_start(set, answers[i].name, answers[i].type);
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		const struct as_dns_answer *got = as_dns_get(set, answers[i].name, answers[i].type);
		const char *detail = got->reason ? got->reason : got->canonical;
		if (got->status != answers[i].status || strcmp(detail, answers[i].detail) != 0 || got->count != answers[i].count)
			fail_msg("%s: status %d, %s, %zu records", answers[i].name, (int)got->status, detail, got->count);
		assert_int_equal(got->dnssec, AS_DNSSEC_INDETERMINATE);
	}
	const struct as_dns_answer *big = as_dns_get(set, "big.test", AS_DNS_TXT);
	assert_int_equal(big->records[0].size, DNS_BIG_TEXT - (DNS_BIG_TEXT + 255) / 256);
	assert_memory_equal(as_dns_get(set, "a.test", AS_DNS_A)->records[0].data, "\xc0\0\2\1", 4);
	assert_string_equal(as_dns_get(set, "7.1.168.192.in-addr.arpa", AS_DNS_PTR)->records[0].name, "good.example");
	as_dns_set_free(set);
	tear_down(&rig);
}

/* What liars and broken servers come to. */
static const struct {
	const char *name;
	enum as_dns_type type;
	enum as_dns_status status;
	const char *reason;
	size_t count;
	uint32_t most_ttl;
} faults[] = {
	{ "poison.test", AS_DNS_A, AS_DNS_OK, NULL, 1, 60 },
	{ "foreign.test", AS_DNS_A, AS_DNS_OK, NULL, 1, 60 },
	{ "class.test", AS_DNS_A, AS_DNS_NODATA, NULL, 0, 0 },
	{ "victim.test", AS_DNS_A, AS_DNS_OK, NULL, 1, 60 },
	{ "ttl-zero.test", AS_DNS_A, AS_DNS_OK, NULL, 1, 0 },
	{ "ttl-huge.test", AS_DNS_A, AS_DNS_OK, NULL, 1, 0 },
	{ "empty.test", AS_DNS_A, AS_DNS_NODATA, NULL, 0, 0 },
	{ "flapping.test", AS_DNS_A, AS_DNS_OK, NULL, 1, 60 },
	{ "chain.test", AS_DNS_A, AS_DNS_TEMPFAIL, "SERVFAIL", 0, 0 },
	{ "refused.test", AS_DNS_A, AS_DNS_TEMPFAIL, "SERVFAIL", 0, 0 },
	{ "formerr.test", AS_DNS_A, AS_DNS_TEMPFAIL, "SERVFAIL", 0, 0 },
	{ "notimp.test", AS_DNS_A, AS_DNS_TEMPFAIL, "SERVFAIL", 0, 0 },
	{ "lame.test", AS_DNS_A, AS_DNS_TEMPFAIL, "SERVFAIL", 0, 0 },
	{ "cut.test", AS_DNS_A, AS_DNS_TEMPFAIL, "SERVFAIL", 0, 0 },
	{ "8.1.168.192.in-addr.arpa", AS_DNS_PTR, AS_DNS_TEMPFAIL, "SERVFAIL", 0, 0 },
	{ "other-name.test", AS_DNS_A, AS_DNS_NODATA, NULL, 0, 0 },
	{ "wrong-question.test", AS_DNS_A, AS_DNS_TEMPFAIL, "SERVFAIL", 0, 0 },
	{ "wrong-id.test", AS_DNS_A, AS_DNS_TEMPFAIL, "SERVFAIL", 0, 0 },
};

static void check_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct rig rig; /* each its own: a server that is taken for lame or dead is not asked again */
		set_up(&rig, &(struct setting){ .anchor = "" });
		struct as_dns_set *set = new_set(&rig, LONG_MS);
		const struct as_dns_answer *got = as_dns_get(set, faults[i].name, faults[i].type);
		const char *reason = got->reason ? got->reason : "-", *wanted = faults[i].reason ? faults[i].reason : "-";
		if (got->status != faults[i].status || strcmp(reason, wanted) != 0 || got->count != faults[i].count ||
		    got->ttl > faults[i].most_ttl)
			fail_msg("%s: status %d, %s, %zu records, TTL %u", faults[i].name, (int)got->status, reason, got->count, got->ttl);
		if (got->status == AS_DNS_OK) {
			assert_memory_equal(got->records[0].data, "\xc0\0\2\1", 4);
			got = as_dns_get(set, "victim.test", AS_DNS_A);
			assert_int_equal(got->status, AS_DNS_OK);
			assert_memory_equal(got->records[0].data, "\xc0\0\2\1", 4);
			got = as_dns_get(set, "7.1.168.192.in-addr.arpa", AS_DNS_PTR);
			assert_string_equal(got->records[0].name, "good.example");
		}
		as_dns_set_free(set);
		tear_down(&rig);
	}
}

/* What libunbound knows it answers before ub_resolve_event() returns: the question is gone by then. */
static void check_answers_at_once(void **state)
{
	(void)state;
	struct rig rig;
	static const struct {
		const char *name;
		enum as_dns_status status;
	} cases[] = { { "a.test", AS_DNS_OK }, { "nowhere.test", AS_DNS_NXDOMAIN }, { "servfail.test", AS_DNS_TEMPFAIL } };
	set_up(&rig, &(struct setting){ .anchor = "", .keeps_nothing = true });
	for (size_t i = 0; i < 3 * sizeof cases / sizeof *cases; i++) {
		struct as_dns_set *set = new_set(&rig, LONG_MS);
		assert_int_equal(as_dns_get(set, cases[i / 3].name, AS_DNS_A)->status, cases[i / 3].status);
		as_dns_set_free(set);
	}
	assert_int_equal(as_dns_stats(rig.dns).sent, 3 * sizeof cases / sizeof *cases);
	tear_down(&rig);
}

/* --- many servers at once ------------------------------------------------------------------------------------------ */

enum { CROWD = 40 };

struct crowd {
	struct server servers[CROWD];
	int held[CROWD]; /* the first connection of each; others get nothing */
	uint8_t queries[CROWD][512];
	ssize_t sizes[CROWD];
	size_t count;
	int stop[2];
	pthread_t thread;
};

/* All wait until the last of them is connected. */
static void hold(struct crowd *crowd, size_t i, struct dns_reply *r)
{
	int fd = accept(crowd->servers[i].tcp, NULL, NULL);
	if (crowd->held[i] >= 0) {
		close(fd);
		return;
	}
	crowd->held[i] = fd;
	crowd->sizes[i] = recv(fd, crowd->queries[i], sizeof crowd->queries[i], 0);
	if (++crowd->count < CROWD)
		return;
	for (size_t k = 0; k < CROWD; k++)
		reply_tcp(crowd->held[k], r, crowd->queries[k], crowd->sizes[k]);
}

static void *serve_crowd(void *user)
{
	struct crowd *crowd = user;
	struct dns_reply *reply = as_xalloc(sizeof *reply);
	struct pollfd fds[1 + 2 * CROWD] = { { .fd = crowd->stop[0], .events = POLLIN } };
	for (size_t i = 0; i < CROWD; i++) {
		fds[1 + 2 * i] = (struct pollfd){ .fd = crowd->servers[i].udp, .events = POLLIN };
		fds[2 + 2 * i] = (struct pollfd){ .fd = crowd->servers[i].tcp, .events = POLLIN };
	}
	while (poll(fds, 1 + 2 * CROWD, -1) > 0 && !fds[0].revents) {
		for (size_t i = 0; i < CROWD; i++) {
			if (fds[1 + 2 * i].revents)
				serve_udp(crowd->servers[i].udp, reply);
			if (fds[2 + 2 * i].revents)
				hold(crowd, i, reply);
		}
	}
	free(reply);
	return NULL;
}

/* A connection that waits for its answer is not given up for the next: senders whose large keys come slowly would fail those of others. */
static void check_many_connections(void **state)
{
	(void)state;
	struct rig rig = { .arena = as_arena_new() };
	struct crowd *crowd = as_alloc(rig.arena, sizeof *crowd);
	struct as_dns_stub stubs[CROWD];
	const char *addresses[CROWD][2], *detail = NULL;
	for (size_t i = 0; i < CROWD; i++) {
		while (!bind_both(&crowd->servers[i]))
			;
		crowd->held[i] = -1;
		addresses[i][0] = as_printf(rig.arena, "127.0.0.1@%u", crowd->servers[i].port);
		addresses[i][1] = NULL;
		stubs[i] = (struct as_dns_stub){ .zone = as_printf(rig.arena, "c%zu.test", i), .addresses = addresses[i] };
	}
	assert_int_equal(pipe(crowd->stop), 0);
	assert_int_equal(pthread_create(&crowd->thread, NULL, serve_crowd, crowd), 0);
	const struct as_dns_unbound_options unbound = {
		.mode = AS_DNS_RECURSE,
		.trust_anchor = "",
		.stubs = stubs,
		.stub_count = CROWD,
		.log = &as_test_log_none,
	};
	struct as_dns_backend *backend = as_dns_unbound_new(rig.arena, &unbound, &rig.state, &detail);
	assert_non_null(backend);
	rig.dns = as_dns_new(backend, &service, &as_clock_system);
	struct as_dns_set *set = new_set(&rig, LONG_MS);
	for (size_t i = 0; i < CROWD; i++)
		as_dns_start(set, as_printf(rig.arena, "many.c%zu.test", i), AS_DNS_A);
	for (size_t i = 0; i < CROWD; i++) {
		const struct as_dns_answer *got = as_dns_get(set, as_printf(rig.arena, "many.c%zu.test", i), AS_DNS_A);
		if (got->count != DNS_MANY)
			fail_msg("%s: %zu records, %s", got->name, got->count, got->reason);
	}
	as_dns_set_free(set);
	as_dns_unref(rig.dns);
	assert_int_equal(write(crowd->stop[1], "x", 1), 1);
	pthread_join(crowd->thread, NULL);
	close(crowd->stop[0]);
	close(crowd->stop[1]);
	for (size_t i = 0; i < CROWD; i++) {
		close(crowd->held[i]);
		close(crowd->servers[i].udp);
		close(crowd->servers[i].tcp);
	}
	as_arena_free(rig.arena);
}

/* --- shutting down ------------------------------------------------------------------------------------------------- */

static void remember(void *user, const struct as_dns_answer *answer)
{
	*(enum as_dns_status *)user = answer->status;
}

static void check_deadline_and_shutting_down(void **state)
{
	(void)state;
	struct rig rig;
	enum as_dns_status silent = AS_DNS_OK;
	set_up(&rig, &(struct setting){ .anchor = "" });
	struct as_dns_set *set = new_set(&rig, SHORT_MS);
	assert_string_equal(as_dns_get(set, "silent.test", AS_DNS_A)->reason, "timeout");
	as_dns_set_free(set);
	set = new_set(&rig, LONG_MS); /* the others are not held up */
	as_dns_start_then(set, "silent.test", AS_DNS_TXT, remember, &silent);
	assert_int_equal(as_dns_get(set, "a.test", AS_DNS_A)->status, AS_DNS_OK);
	as_dns_set_free(set);
	tear_down(&rig); /* with questions under way */
	assert_int_equal(silent, AS_DNS_OK); /* not called for a message that is done */
}

/* --- trust anchors ------------------------------------------------------------------------------------------------- */

static const char *write_file(struct as_arena *arena, const char *text)
{
	const char *folder = getenv("TMPDIR");
	char *path = as_printf(arena, "%s/assay-test-XXXXXX", folder ? folder : "/tmp");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define DS "test. 3600 IN DS 12345 13 2 " ZEROS "\n"

#define KEY_2017 ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n"
#define KEY_2024 ". 3600 IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16\n"

static void check_wrong_anchor_is_bogus(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const char *file = write_file(arena, DS);
	struct rig rig;
	set_up(&rig, &(struct setting){ .anchor = file });
	assert_non_null(strstr(rig.state, "(tags 12345)"));
	struct as_dns_set *set = new_set(&rig, LONG_MS);
	const struct as_dns_answer *got = as_dns_get(set, "a.test", AS_DNS_A);
	assert_int_equal(got->status, AS_DNS_TEMPFAIL);
	assert_int_equal(got->dnssec, AS_DNSSEC_BOGUS);
	assert_int_equal(got->count, 0);
	assert_int_equal(strncmp(got->reason, "bogus: validation failure <a.test. A IN>", 40), 0);
	got = as_dns_get(set, "7.1.168.192.in-addr.arpa", AS_DNS_PTR); /* no anchor above it */
	assert_int_equal(got->dnssec, AS_DNSSEC_INSECURE);
	assert_int_equal(got->count, 1);
	as_dns_set_free(set);
	tear_down(&rig);
	unlink(file);
	as_arena_free(arena);
}

/* Below the root's anchor, which nobody could follow here: what is configured as insecure needs no signatures. */
static void check_insecure_zones(void **state)
{
	(void)state;
	static const char *insecure[] = { "test", NULL };
	struct as_arena *arena = as_arena_new();
	const char *file = write_file(arena, KEY_2024);
	const struct setting settings[] = { { .anchor = file, .insecure = insecure }, { .anchor = file, .stub_is_insecure = true } };
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		struct rig rig;
		set_up(&rig, &settings[i]);
		struct as_dns_set *set = new_set(&rig, LONG_MS);
		const struct as_dns_answer *got = as_dns_get(set, "a.test", AS_DNS_A);
		assert_int_equal(got->status, AS_DNS_OK);
		assert_int_equal(got->dnssec, AS_DNSSEC_INSECURE);
		as_dns_set_free(set);
		tear_down(&rig);
	}
	unlink(file);
	as_arena_free(arena);
}

/* A server of the network knows the names of private addresses, which libunbound would deny by itself; nobody can sign them. */
static void check_private_addresses(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const char *file = write_file(arena, KEY_2024);
	struct rig rig;
	set_up(&rig, &(struct setting){ .anchor = file, .is_forwarder = true });
	struct as_dns_set *set = new_set(&rig, LONG_MS);
	const struct as_dns_answer *got = as_dns_get(set, "7.1.168.192.in-addr.arpa", AS_DNS_PTR);
	assert_int_equal(got->status, AS_DNS_OK);
	assert_int_equal(got->dnssec, AS_DNSSEC_INSECURE);
	assert_string_equal(got->records[0].name, "good.example");
	as_dns_set_free(set);
	tear_down(&rig);
	unlink(file);
	as_arena_free(arena);
}

#define NO_ANCHOR \
	"trust anchor /nonexistent/root.key: No such file or directory; name the file that your system has in dns.trust-anchor " \
	"(Debian: apt install dns-root-data)"

static const struct {
	const char *text;
	const char *want; /* behind the file's name */
} anchors[] = {
	{ KEY_2017 KEY_2024, " (tags 20326 38696)" },
	{ "; comment\n\n" KEY_2024, " (tags 38696)" },
	{ KEY_2017, " (tags 20326); warning: the root's key 38696 is not in it, with which the root is signed since 2026-10-11: "
		    "signed names will be bogus" },
	{ DS, " (tags 12345); warning: no key of the root in it: only what is below its own zones is validated" },
	{ ". DS 1 8 2 " ZEROS "\n",
	  " (tags 1); warning: none of the root's keys (20326, 38696) in it: all signed names of the public DNS will be bogus" },
	/* RFC 4034 5.4: the example's key tag is 60485. In parentheses, over lines. */
	{ "test. 86400 IN DNSKEY ( 256 3 5 AQOeiiR0GOMYkDshWoSKz9Xz ; comment\n fwJr1AYtsmx3TGkJaNXVbfi/\n"
	  "2pHm822aJ5iI9BMzNXxeYCmZ DRD99WYwYqUSdjMmmAphXdvx egXd/M5+X7OrzKBaMbCVdFLU\n"
	  "Uh6DhweJBjEVv5f2wwjM9Xzc nOf+EPbtG9DMBmADjFDc2w/r ljwvFw== ) ; key id = 60485\n" KEY_2024,
	  " (tags 60485 38696)" },
	{ "", ": no DNSKEY or DS record in it that can be used" },
	{ "<html>\n", ": no DNSKEY or DS record in it that can be used" },
	{ "\n. DS 99999 8 2 " ZEROS "\n", ": line 2: a malformed DS record" },
	{ ". DS 1 8 2\n", ": line 1: a malformed DS record" },
	{ ". DS 1 8 2 00\n", ": line 1: a malformed DS record" },
	{ ". DS 1 8 1 " ZEROS "\n", ": line 1: a malformed DS record" },
	{ ". DS 1 8 2 x" ZEROS "\n", ": line 1: a malformed DS record" },
	{ ". DS 1 8 99 000\n", ": line 1: a malformed DS record" },
	{ KEY_2024 "test. DS 1 8 99 0000 0000\ntest. DS 2 8 1 (00000000000000000000\n 0000000000000000000f)\n", " (tags 38696 2)" },
	{ ". DS 38696 99 2 " ZEROS "\n", ": no DNSKEY or DS record in it that can be used" },
	{ ". DS 38696 8 99 " ZEROS "\n", ": no DNSKEY or DS record in it that can be used" },
	{ ". DNSKEY 257 3 1 AAAABBBB\n", ": no DNSKEY or DS record in it that can be used" },
	{ ". DNSKEY 257 3 8 !!!\n", ": line 1: a malformed DNSKEY record" },
};

static void check_anchor_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof anchors / sizeof *anchors; i++) {
		struct as_arena *arena = as_arena_new();
		const char *file = write_file(arena, anchors[i].text);
		const char *line = NULL, *detail = NULL;
		bool is_good = anchors[i].want[0] == ' ';
		assert_int_equal(as_dns_anchor_check(arena, file, &line, &detail), is_good ? AS_OK : AS_ERR_SYNTAX);
		assert_string_equal(is_good ? line : detail, as_printf(arena, "trust anchor %s%s", file, anchors[i].want));
		unlink(file);
		as_arena_free(arena);
	}
	struct as_arena *arena = as_arena_new();
	const char *line = NULL, *detail = NULL;
	assert_int_equal(as_dns_anchor_check(arena, "/nonexistent/root.key", &line, &detail), AS_ERR_SYSTEM);
	assert_string_equal(detail, NO_ANCHOR);
	as_arena_free(arena);
}

/* --- options ------------------------------------------------------------------------------------------------------- */

static const char *one_address[] = { "127.0.0.1@53", NULL };
static const char *bad_port[] = { "127.0.0.1@0", NULL };
static const char *host_name[] = { "ns.example.com", NULL };
static const char *quoted[] = { "a\"b", NULL };

static const struct {
	struct as_dns_unbound_options options;
	struct as_dns_stub stub;
	const char *want;
} complaints[] = {
	{ { .mode = AS_DNS_FORWARD }, { 0 }, "mode \"forward\" needs servers to forward to" },
	{ { .mode = AS_DNS_FORWARD, .forward = bad_port }, { 0 }, "\"127.0.0.1@0\" is not an address (ADDRESS or ADDRESS@PORT)" },
	{ { .mode = AS_DNS_FORWARD, .forward = host_name }, { 0 }, "\"ns.example.com\" is not an address (ADDRESS or ADDRESS@PORT)" },
	{ { .mode = AS_DNS_RECURSE, .insecure = quoted }, { 0 }, "\"a\"b\" is not a zone" },
	{ { .mode = AS_DNS_RECURSE }, { .zone = "a..b", .addresses = one_address }, "\"a..b\" is not a zone" },
	{ { .mode = AS_DNS_RECURSE }, { .zone = "corp.example" }, "stub \"corp.example\" has no addresses" },
	{ { .mode = AS_DNS_RECURSE, .trust_anchor = "/nonexistent/root.key" }, { 0 },
	  NO_ANCHOR },
};

static void check_complaints(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_dns_unbound_options options = complaints[i].options;
		const char *line = NULL, *detail = NULL;
		options.log = &as_test_log_none;
		options.stubs = &complaints[i].stub;
		options.stub_count = complaints[i].stub.zone ? 1 : 0;
		if (!options.trust_anchor)
			options.trust_anchor = "";
		assert_null(as_dns_unbound_new(arena, &options, &line, &detail));
		assert_string_equal(detail, complaints[i].want);
		as_arena_free(arena);
	}
}

/* Without an anchor the servers of resolv.conf are taken untested; without servers we recurse. No question leaves here. */
static void check_auto(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "search example.com\nnameserver 127.0.0.1\nnameserver ::1 # comment\nnameserver nonsense\n",
		  "forwarding to 127.0.0.1, ::1 (" },
		{ "nameservers 127.0.0.1\n", "recursing from the root (no servers in " },
	};
	for (size_t i = 0; i < 2; i++) {
		struct as_arena *arena = as_arena_new();
		const char *line = NULL, *detail = NULL;
		const char *file = write_file(arena, cases[i][0]);
		const struct as_dns_unbound_options options = {
			.mode = AS_DNS_AUTO,
			.trust_anchor = "",
			.resolv_conf = file,
			.log = &as_test_log_none,
		};
		struct as_dns_backend *backend = as_dns_unbound_new(arena, &options, &line, &detail);
		assert_non_null(backend);
		if (strncmp(line, cases[i][1], strlen(cases[i][1])) != 0)
			fail_msg("%s", line);
		backend->free(backend);
		unlink(file);
		as_arena_free(arena);
	}
}

/* libunbound reads settings with one parser for the process: contexts that are made at once must all come to stand. */
static void *make_contexts(void *user)
{
	size_t *wrong = user;
	const char *addresses[] = { "127.0.0.1@53", NULL };
	const struct as_dns_stub stub = { .zone = "test.", .addresses = addresses, .insecure = true };
	struct as_dns_stub stubs[STUBS_AT_ONCE];
	for (size_t i = 0; i < STUBS_AT_ONCE; i++)
		stubs[i] = stub;
	for (size_t i = 0; i < 10; i++) {
		struct as_arena *arena = as_arena_new();
		const char *line = NULL, *detail = NULL;
		const struct as_dns_unbound_options options = {
			.mode = AS_DNS_FORWARD,
			.forward = (const char *[]){ "127.0.0.1@1", NULL },
			.trust_anchor = "",
			.stubs = stubs,
			.stub_count = STUBS_AT_ONCE,
			.log = &as_test_log_none,
		};
		struct as_dns_backend *backend = as_dns_unbound_new(arena, &options, &line, &detail);
		if (backend)
			backend->free(backend);
		else
			++*wrong;
		as_arena_free(arena);
	}
	return NULL;
}

static void check_made_at_once(void **state)
{
	(void)state;
	pthread_t threads[8];
	size_t wrong[8] = { 0 };
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_contexts, &wrong[i]), 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(wrong[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_answers),
		cmocka_unit_test(check_faults),
		cmocka_unit_test(check_answers_at_once),
		cmocka_unit_test(check_many_connections),
		cmocka_unit_test(check_deadline_and_shutting_down),
		cmocka_unit_test(check_wrong_anchor_is_bogus),
		cmocka_unit_test(check_insecure_zones),
		cmocka_unit_test(check_private_addresses),
		cmocka_unit_test(check_anchor_files),
		cmocka_unit_test(check_complaints),
		cmocka_unit_test(check_auto),
		cmocka_unit_test(check_made_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
