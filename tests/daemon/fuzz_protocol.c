/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_protocol.c - broken MTAs and hostile senders against the running daemon, with hostile DNS behind it.
 *
 * Rounds of connections that are served in turn. Each follows the protocol most of the time and leaves it in every way that a random
 * number finds: order, repetition, lengths, shapes, aborts, losses. After each round two well-formed messages must get exactly their
 * verdicts, and the daemon must have given everything back. At the end it must stop with 0 and have logged clean lines only.
 * The sequence is a function of the seed alone.
 *
 * usage: fuzz_protocol [SECONDS [SEED]]      without SECONDS: a few rounds
 */
#include "config.h"

#include "arena.h"
#include "daemon.h"
#include "dns_hostile.h"
#include "milter_client.h"
#include "sanitized.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	ROUNDS = 12,          /* of a short run */
	EPOCH = 150,          /* rounds of one daemon */
	CONNECTIONS = 16,     /* at once, at most */
	STEPS_MAX = 100,      /* of one connection */
	PACKET_ROOM = 300000,
	SEND_MS = 300,        /* patience with a daemon that does not read: it may be waiting for DNS */
	SETTLE_MS = 30000,    /* until everything must have been given back */
	DESCRIPTORS_MORE = 4, /* than before the first round: the resolver's sockets */
	THREADS_MAX = 150,
	MEMORY_MORE_KB = IS_SANITIZED ? 2000000 : 100000,
};

static uint64_t state;

static unsigned pick(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 20) % n;
}

static bool chance(unsigned percent)
{
	return pick(100) < percent;
}

/* One of a table; evaluate it once. */
#define PICK(table) (table)[pick(sizeof(table) / sizeof *(table))]

static _Noreturn void wrong(struct daemon *d, const char *what, const char *detail)
{
	daemon_signal(d, SIGABRT); /* a daemon that hangs leaves its traces; one that has ended stays as it is */
	fprintf(stderr, "the daemon ended with %d\n", daemon_wait_end(d));
	const char *log = daemon_log(d);
	size_t n = strlen(log);
	fprintf(stderr, "%s: %s\nthe daemon's last words:\n%s\n", what, detail, n > 6000 ? log + n - 6000 : log);
	daemon_free(d);
	exit(EXIT_FAILURE);
}

/* --- packets -------------------------------------------------------------------------------------------------------- */

struct packet {
	size_t n;
	unsigned char bytes[PACKET_ROOM];
};

static struct packet packet; /* the one that is being made; this program's own thread only */

static void put(const void *bytes, size_t n)
{
	n = n < PACKET_ROOM - packet.n ? n : PACKET_ROOM - packet.n;
	memcpy(packet.bytes + packet.n, bytes, n);
	packet.n += n;
}

static void put_text(const char *text)
{
	put(text, strlen(text) + 1);
}

static void put_noise(size_t n)
{
	for (; n > 0; n--)
		put((const unsigned char[]){ (unsigned char)pick(256) }, 1);
}

static void put_many(char c, size_t n)
{
	for (; n > 0; n--)
		put(&c, 1);
}

static const char *domain(void)
{
	static char text[2][100];
	static unsigned turn;
	size_t kinds = 0;
	while (dns_hostile_kind(kinds))
		kinds++;
	turn = !turn;
	unsigned number = pick(4) ? pick(1000) : pick(1U << 30);
	if (chance(25))
		snprintf(text[turn], sizeof text[turn], "w%u.good.example", number);
	else
		snprintf(text[turn], sizeof text[turn], "%s%u.hostile.example", dns_hostile_kind(pick((unsigned)kinds)), number);
	return text[turn];
}

/* --- what the packets hold, by their letters ------------------------------------------------------------------------ */

static void make_negotiation(void)
{
	static const uint32_t versions[] = { 6, 6, 6, 2, 3, 4, 5, 7, 0, 0xffffffff };
	static const uint32_t actions[] = { 0x1ff, 0x1ff, 0x1ff, 0x3f, 0x31, 0x20, 0, 0xffffffff };
	static const uint32_t steps[] = { 0x1fffff, 0x1fffff, 0x1fffff, 0x7f, 0, 0xfffff, 0x100000, 0xffffffff };
	uint32_t odd[] = { htonl(PICK(versions)), htonl(PICK(actions)), htonl(PICK(steps)) };
	uint32_t postfix[] = { htonl(6), htonl(MILTER_ALL_ACTIONS), htonl(MILTER_ALL_STEPS) };
	put(chance(80) ? postfix : odd, sizeof odd);
}

static void make_connect(void)
{
	static const char *const names[] = { "client.example.com", "unknown", "[192.0.2.1]", "", "a\xff\r\nb" };
	static const char *const addresses[] = { "192.0.2.1", "192.0.2.66", "2001:db8::1", "IPv6:2001:db8::1", "::ffff:192.0.2.1", "", "999.1.1.1", "/run/x" };
	static const char families[] = "46UL5\0";
	bool is_odd = chance(20);
	char family = is_odd ? families[pick(sizeof families)] : '4';
	uint16_t port = htons((uint16_t)pick(65536));
	put_text(PICK(names));
	put(&family, 1);
	if (family == 'U' && chance(80))
		return;
	put(&port, sizeof port);
	put_text(is_odd ? PICK(addresses) : chance(50) ? "192.0.2.66" : "192.0.2.1");
}

static void make_helo(void)
{
	switch (pick(6)) {
	case 0:
		put_many('h', pick(3000));
		put("", 1);
		break;
	case 1:
		put_text("[192.0.2.1]");
		break;
	case 2:
		put_text("a b\r\n\xff\x01\"");
		break;
	default:
		put_text(domain());
		break;
	}
}

static void make_path(void)
{
	static const char *const odd[] = { "<>", "", "<", "<@>", "<@a,@b:c@d>", "<\"a b\"@[192.0.2.1]>", "a@b@c", "<%s%n@example.com>", "<a\xff@\xfe>" };
	char text[200];
	if (chance(70))
		snprintf(text, sizeof text, "<user@%s>", domain());
	else
		snprintf(text, sizeof text, "%s", PICK(odd));
	put_text(text);
	if (chance(5)) {
		put("<", 1);
		put_many('a', pick(70000));
		put_text("@x>");
	}
	for (unsigned i = pick(4); i > 0 && chance(40); i--)
		put_text("SIZE=1000");
}

static void make_header(void)
{
	static const char *const names[] = { "Subject", "To", "From ", "fROM", "Authentication-Results", "authentication-results",
					     "X-Assay-Action", "DKIM-Signature", "ARC-Seal", "Received", "", "\xff", "A:B" };
	static const char *const values[] = { " mx.example.com; spf=pass", " accept", "", " \r\n", "\n\tfolded\n more", " (((((((((", " \"",
					      " =?utf-8?q?=00?= <a@b>", " a@b, c@d", "\x01\x02\xff" };
	char text[400];
	if (chance(35)) {
		put_text("From");
		snprintf(text, sizeof text, " user@%s", domain());
		put_text(text);
	} else if (chance(25)) {
		put_text("DKIM-Signature");
		snprintf(text, sizeof text, " v=1; a=rsa-sha256; c=%s; d=%s; s=s%u; h=from:to; bh=%s; b=AAAA", chance(50) ? "relaxed/simple" : "simple",
			 domain(), pick(50), chance(80) ? "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" : "!");
		put_text(text);
	} else if (chance(4)) {
		put_text("X-Long");
		put_many(chance(50) ? 'x' : '(', pick(200000));
		put("", 1);
	} else {
		put_text(PICK(names));
		put_text(PICK(values));
	}
}

static void make_body(void)
{
	static const char *const texts[] = { "Hello.\r\n", "\r\n", "\r", "\n", ".\r\n", "a \t b\r\n\r\n\r\n" };
	const char *text = PICK(texts);
	if (chance(60))
		put(text, strlen(text) + chance(5)); /* sometimes with its NUL */
	else if (chance(90))
		put_noise(pick(2000));
	else
		put_many('\n', pick(PACKET_ROOM));
}

static void make_macros(void)
{
	static const char stages[] = "CHMRTNELBO\0\xff";
	static const char *const names[] = { "j", "i", "{auth_type}", "{auth_authen}", "{daemon_name}", "", "{", "{}", "}", "{{x}}", "\xff" };
	static const char *const values[] = { "mx.example.com", "4X1Y2Z", "", "\r\nX: y", "%s%n", "mx.example.com; spf=pass" };
	put(&stages[pick(sizeof stages)], 1);
	for (unsigned i = pick(6); i > 0; i--) {
		put_text(PICK(names));
		if (chance(10))
			put_many('v', pick(5000));
		put_text(PICK(values));
	}
	if (chance(10))
		put("odd", 3); /* no NUL, no value */
}

static void make_nothing(void)
{
}

static const struct kind {
	char letter;
	void (*make)(void);
} kinds[] = {
	{ 'O', make_negotiation }, { 'C', make_connect }, { 'H', make_helo },    { 'M', make_path },    { 'R', make_path },
	{ 'T', make_nothing },     { 'L', make_header },  { 'N', make_nothing }, { 'B', make_body },    { 'E', make_nothing },
	{ 'D', make_macros },      { 'A', make_nothing }, { 'Q', make_nothing }, { 'K', make_nothing }, { 'U', make_path },
	{ '?', make_body },
};

/* What comes after what, when all is well. A body chunk may be repeated, so may fields. */
static const char *after(char letter)
{
	static const struct {
		char letter;
		const char *next;
	} order[] = {
		{ 0, "O" },      { 'O', "C" },   { 'C', "H" },   { 'H', "MMMMMH" }, { 'M', "RRT" }, { 'R', "RLLT" }, { 'T', "LL" },
		{ 'L', "LLLN" }, { 'N', "BBE" }, { 'B', "BEE" }, { 'E', "MMAQ" }, { 'A', "MM" },  { 'K', "OC" },
	};
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (order[i].letter == letter)
			return order[i].next;
	return "M";
}

static void make_packet(char letter)
{
	size_t i = 0;
	while (i + 1 < sizeof kinds / sizeof *kinds && kinds[i].letter != letter)
		i++;
	packet.n = 0;
	put("\0\0\0\0", 4);
	put(&letter, 1);
	kinds[i].make();
	uint32_t length = htonl((uint32_t)(packet.n - 4));
	memcpy(packet.bytes, &length, sizeof length);
}

/* libmilter reads beyond its array of macros when a name has no value, and only the MTA can send that (callbacks.c): such packets are
 * not sent. What is left are pairs, also without names or values, after a stage of any kind. */
static bool has_lone_macro(void)
{
	unsigned texts = 0;
	for (size_t i = 6; i < packet.n; i++)
		texts += packet.bytes[i] == 0;
	return packet.n > 4 && packet.bytes[4] == 'D' && texts % 2 == 1;
}

/* A length that lies: what follows is read as something else. It must not begin with the letter of macros. */
static void lie_about_length(void)
{
	static const uint32_t lengths[] = { 0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 2 * 1024 * 1024, 2 * 1024 * 1024 + 1, 65536 };
	uint32_t length = htonl(chance(50) ? PICK(lengths) : (uint32_t)packet.n - 8 + pick(9));
	put_noise(pick(64));
	for (size_t i = 4; i < packet.n; i++)
		if (packet.bytes[i] == 'D')
			packet.bytes[i] = 'd';
	memcpy(packet.bytes, &length, sizeof length);
}

/* Bytes that were not there, an end that is missing. True: this was the last packet. */
static bool spoil_packet(void)
{
	uint32_t length = (uint32_t)packet.n - 4;
	switch (pick(5)) {
	case 0:
		lie_about_length();
		return true;
	case 1: /* the rest never comes */
		packet.n = pick((unsigned)packet.n + 1);
		return true;
	case 2: /* shorter, honestly */
		length = htonl(1 + pick(length));
		packet.n = 4 + ntohl(length);
		memcpy(packet.bytes, &length, sizeof length);
		return false;
	default: {
		size_t at = 4 + pick(length);
		packet.bytes[at] = (unsigned char)(chance(50) ? pick(256) : 0);
		return false;
	}
	}
}

/* --- connections ---------------------------------------------------------------------------------------------------- */

struct connection {
	int fd; /* -1: closed */
	char last;
	unsigned steps;
};

static unsigned long packets, connections, verdicts;

static void disconnect(struct connection *c)
{
	close(c->fd);
	c->fd = -1;
}

static void connect_one(struct daemon *d, struct connection *c)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%.90s/socket", daemon_folder(d));
	*c = (struct connection){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .steps = 1 + pick(STEPS_MAX) };
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0)
		wrong(d, "no connection", strerror(errno));
	connections++;
}

/* Answers are taken off so that the daemon never waits for us. False: the connection has ended. */
static bool drain(struct connection *c)
{
	char bytes[65536];
	for (;;) {
		ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
	}
}

/* False: the daemon has closed, or has not read for a while. */
static bool send_all(struct connection *c)
{
	size_t sent = 0;
	while (sent < packet.n) {
		ssize_t n = send(c->fd, packet.bytes + sent, packet.n - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			sent += (size_t)n;
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		struct pollfd wait = { .fd = c->fd, .events = POLLOUT | POLLIN };
		if (poll(&wait, 1, SEND_MS) <= 0 || !drain(c))
			return false;
	}
	return drain(c);
}

/* An answer that a correct MTA would wait for, sometimes. */
static void await_answer(const struct connection *c)
{
	struct pollfd wait = { .fd = c->fd, .events = POLLIN };
	if (strchr("OME", c->last) && chance(60))
		(void)poll(&wait, 1, 20); /* whether it came or not is not the question here */
}

/* False: the connection is closed now. */
static bool send_packet(struct connection *c, char letter)
{
	make_packet(letter);
	bool is_last = chance(2) && spoil_packet();
	if (has_lone_macro())
		return true;
	packets++;
	if (send_all(c) && !is_last)
		return true;
	disconnect(c);
	return false;
}

static void step(struct connection *c)
{
	const char *next = after(c->last);
	char letter = next[pick((unsigned)strlen(next))];
	if (chance(5))
		letter = kinds[pick(sizeof kinds / sizeof *kinds)].letter;
	else if (c->last && chance(4))
		letter = c->last;
	else if (chance(2))
		letter = 'A';
	if (chance(20) && !send_packet(c, 'D'))
		return;
	c->last = letter;
	if (!send_packet(c, letter))
		return;
	if (chance(1)) {
		disconnect(c);
		return;
	}
	if (pick(200) == 0)
		shutdown(c->fd, chance(50) ? SHUT_WR : SHUT_RD);
	await_answer(c);
}

static void reload(struct daemon *d)
{
	daemon_signal(d, SIGUSR2);
	daemon_signal(d, SIGUSR1);
	if (!daemon_wait_state(d, "RELOADING=1") || !daemon_wait_state(d, "READY=1"))
		wrong(d, "no reload", "");
}

static void run_connections(struct daemon *d)
{
	struct connection list[CONNECTIONS];
	unsigned count = 1 + pick(CONNECTIONS), open = count;
	for (unsigned i = 0; i < count; i++)
		connect_one(d, &list[i]);
	while (open > 0) {
		struct connection *c = &list[pick(count)];
		if (c->fd < 0)
			continue;
		step(c);
		if (c->fd >= 0 && --c->steps == 0)
			disconnect(c);
		open -= c->fd < 0;
		if (pick(400) == 0)
			reload(d);
	}
}

/* --- what must hold after each round -------------------------------------------------------------------------------- */

static struct milter_client *introduce(struct daemon *d, const char *address, const char *client)
{
	struct milter_client *c = milter_open(address);
	if (!c || !milter_negotiate(c, 6, MILTER_ALL_ACTIONS, MILTER_ALL_STEPS))
		wrong(d, "no negotiation", strerror(errno));
	milter_macros(c, 'C', (const char *const[]){ "j", "mx.example.com", NULL });
	milter_connect(c, "client.example.com", '4', 40000, client);
	milter_helo(c, "client.example.com");
	return c;
}

static const struct milter_result *one_message(struct daemon *d, struct milter_client *c, const char *sender_domain)
{
	char path[128], from[128];
	snprintf(path, sizeof path, "<user@%s>", sender_domain);
	snprintf(from, sizeof from, " user@%s", sender_domain);
	if (milter_mail(c, path) != MILTER_CONTINUE)
		wrong(d, "MAIL was not answered with continue", milter_reply_text(c));
	milter_rcpt(c, "<rcpt@example.org>");
	milter_header(c, "From", from);
	milter_eoh(c);
	milter_body(c, "Hello.\r\n", 8);
	return milter_eom(c);
}

static void check_verdicts(struct daemon *d, unsigned round)
{
	char address[200], name[64], field[400], reply[200];
	snprintf(address, sizeof address, "unix:%s/socket", daemon_folder(d));
	snprintf(name, sizeof name, "r%u.good.example", round);
	snprintf(reply, sizeof reply, "550 5.7.1 Email rejected per DMARC policy for %s", name);
	snprintf(field, sizeof field, "spf=pass (dnssec: indeterminate) smtp.mailfrom=%s", name);
	struct milter_client *ours = introduce(d, address, "192.0.2.1"), *foreign = introduce(d, address, "192.0.2.66");
	const struct milter_result *result = one_message(d, ours, name);
	if (result->answer != MILTER_CONTINUE || result->edit_count != 1 || strcmp(result->edits[0].name, "Authentication-Results") != 0)
		wrong(d, "a good message was not accepted", result->text ? result->text : "no text");
	if (!strstr(result->edits[0].value, field) || !strstr(result->edits[0].value, "dmarc=pass"))
		wrong(d, "a good message got the wrong results", result->edits[0].value);
	result = one_message(d, foreign, name);
	if (result->answer != MILTER_REPLY || strcmp(result->text, reply) != 0 || result->edit_count)
		wrong(d, "a forged message was not refused", result->text ? result->text : "no text");
	milter_close(ours);
	milter_close(foreign);
}

static long status_of(const struct daemon *d, const char *field)
{
	char path[64], line[256];
	long value = -1;
	snprintf(path, sizeof path, "/proc/%ld/status", (long)daemon_pid(d));
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file))
		if (strncmp(line, field, strlen(field)) == 0)
			value = strtol(line + strlen(field), NULL, 10);
	if (file)
		fclose(file);
	return value;
}

static long descriptors_of(const struct daemon *d)
{
	char path[64];
	long n = 0;
	snprintf(path, sizeof path, "/proc/%ld/fd", (long)daemon_pid(d));
	DIR *folder = opendir(path);
	while (folder && readdir(folder))
		n++;
	if (folder)
		closedir(folder);
	return n;
}

struct usage {
	long descriptors, memory_kb;
};

static struct usage usage_of(const struct daemon *d)
{
	return (struct usage){ .descriptors = descriptors_of(d), .memory_kb = status_of(d, "VmRSS:") };
}

/* Connections are given back when a worker looks at them, which a kick of the daemon's own may have to bring about. */
static void check_usage(struct daemon *d, const struct usage *before)
{
	struct usage now = { 0 };
	for (int ms = 0; ms < SETTLE_MS; ms += 5) {
		now = usage_of(d);
		if (now.descriptors <= before->descriptors + DESCRIPTORS_MORE)
			break;
		nanosleep(&(struct timespec){ .tv_nsec = 5 * 1000000L }, NULL);
	}
	char text[200];
	long threads = status_of(d, "Threads:");
	snprintf(text, sizeof text, "%ld descriptors, %ld kB, %ld threads; before %ld, %ld", now.descriptors, now.memory_kb, threads,
		 before->descriptors, before->memory_kb);
	if (now.descriptors > before->descriptors + DESCRIPTORS_MORE || now.memory_kb > before->memory_kb + MEMORY_MORE_KB ||
	    threads > THREADS_MAX)
		wrong(d, "not given back", text);
}

/* Lines of our own, printable, and nothing that a sanitizer wrote; counts the verdicts among them. */
static void check_log(struct daemon *d)
{
	const char *log = daemon_log(d);
	for (const char *line = log; *line; line += strcspn(line, "\n") + 1)
		if (strncmp(line, "assayd: ", 8) != 0)
			wrong(d, "a line that is not ours", line);
	for (const char *line = log; (line = strstr(line, " action=")); line++)
		verdicts++;
	for (const char *p = log; *p; p++)
		if (*p != '\n' && (*p < 0x20 || *p > 0x7e))
			wrong(d, "a log line with other bytes than printable ones", p);
}

/* --- all of it ------------------------------------------------------------------------------------------------------ */

static struct daemon *start(const struct dns_hostile *dns)
{
	char config[2000];
	struct daemon *d = daemon_new();
	snprintf(config, sizeof config,
		 "authserv-id = \"mx.example.com\"\nsocket = \"unix:%s/socket\"\nuser = \"\"\nevaluation-timeout = \"1s\"\n"
		 "log { target = \"stderr\" }\n"
		 "dns { mode = \"forward\" forward = {\"127.0.0.1@%u\"} trust-anchor = \"\" cache-size = \"1m\"\n"
		 "stub \"hostile.example\" { addresses = {\"127.0.0.1@%u\"} insecure = true } }\n",
		 daemon_folder(d), dns_hostile_good_port(dns), dns_hostile_port(dns));
	daemon_configure(d, config);
	if (!daemon_start(d))
		wrong(d, "no start", config);
	return d;
}

static void run_epoch(const struct dns_hostile *dns, unsigned *round, unsigned last, time_t until)
{
	struct daemon *d = start(dns);
	unsigned begin = *round;
	check_verdicts(d, (*round)++);
	struct usage before = usage_of(d);
	do {
		run_connections(d);
		check_verdicts(d, *round);
		check_usage(d, &before);
	} while (++*round - begin < EPOCH && (until ? time(NULL) < until : *round <= last));
	int status = daemon_stop(d);
	if (status != 0)
		wrong(d, "the daemon did not stop well", "");
	check_log(d);
	daemon_free(d);
}

int main(int argc, char **argv)
{
	time_t until = argc > 1 ? time(NULL) + strtol(argv[1], NULL, 10) : 0;
	unsigned round = 0;
	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 0x9e3779b97f4a7c15ULL;
	struct dns_hostile *dns = dns_hostile_new();
	do
		run_epoch(dns, &round, ROUNDS, until);
	while (until && time(NULL) < until);
	dns_hostile_free(dns);
	printf("%u rounds, %lu connections, %lu packets, %lu verdicts\n", round, connections, packets, verdicts);
	return EXIT_SUCCESS;
}
