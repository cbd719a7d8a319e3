/* SPDX-License-Identifier: BSD-2-Clause */
/* test_logsocket.c - lines for a system log that reads, sleeps, goes away, comes back, or is none. */
#include "config.h"

#include "logsocket.h"

#include "arena.h"
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

enum { ROOM = 8192, PATIENCE_S = 60, LINES = 6000, FEW = 1000 };

struct log {
	char folder[64], path[80];
	int fd;     /* of the reader */
	int stream; /* a connection accepted; -1 */
	struct as_logsocket *writer;
};

static void listen_at(struct log *log, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	snprintf(address.sun_path, sizeof address.sun_path, "%s", log->path);
	log->fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	assert_true(log->fd >= 0);
	assert_int_equal(bind(log->fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(setsockopt(log->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(log->fd, 5), 0);
}

static void set_up(struct log *log)
{
	const char *base = getenv("TMPDIR");
	snprintf(log->folder, sizeof log->folder, "%.40s/assay-log.XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(log->folder));
	snprintf(log->path, sizeof log->path, "%s/log", log->folder);
	log->fd = log->stream = -1;
	log->writer = as_logsocket_new(log->path, "assayd");
}

static void close_reader(struct log *log)
{
	if (log->stream >= 0)
		close(log->stream);
	if (log->fd >= 0)
		close(log->fd);
	unlink(log->path);
	log->fd = log->stream = -1;
}

static void tear_down(struct log *log)
{
	as_logsocket_stop(log->writer);
	as_logsocket_free(log->writer);
	close_reader(log);
	assert_int_equal(rmdir(log->folder), 0);
}

static void put_number(const struct log *log, int i, size_t size)
{
	char line[4096];
	assert_true(size < sizeof line);
	snprintf(line, sizeof line, "%d %0*d", i, (int)size, 0);
	as_logsocket_put(log->writer, LOG_MAIL | LOG_INFO, NULL, line);
}

/* The next record's text behind "assayd[PID]: ". */
static const char *next(const struct log *log)
{
	static char record[ROOM];
	size_t n = 0;
	if (log->stream < 0) {
		ssize_t got = recv(log->fd, record, sizeof record - 1, 0);
		assert_true(got > 0);
		n = (size_t)got;
	} else {
		do
			assert_int_equal(recv(log->stream, record + n, 1, 0), 1);
		while (record[n] && ++n < sizeof record - 1);
	}
	record[n] = 0;
	const char *text = strstr(record, "]: ");
	assert_non_null(text);
	return text + 3;
}

static void expect_numbers(const struct log *log, int from, int below)
{
	for (int i = from; i < below; i++)
		if (strtol(next(log), NULL, 10) != i)
			fail_msg("not %d", i);
}

/* --- cases ------------------------------------------------------------------------------------------------------------- */

static void test_form(void **state)
{
	struct log log;
	char record[ROOM] = "", wanted[128], when[32] = "";
	(void)state; /* none */
	set_up(&log);
	listen_at(&log, SOCK_DGRAM);
	as_logsocket_put(log.writer, LOG_MAIL | LOG_WARNING, "4X1Y2Z", "a line"); /* before there is a thread */
	assert_true(recv(log.fd, record, sizeof record - 1, MSG_DONTWAIT) > 0);
	assert_int_equal(sscanf(record, "<20>%15c", when), 1);
	assert_int_equal(strspn(when, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), 3);
	assert_true(when[3] == ' ' && when[6] == ' ' && when[9] == ':' && when[12] == ':');
	snprintf(wanted, sizeof wanted, "<20>%s assayd[%d]: 4X1Y2Z: a line", when, (int)getpid());
	assert_string_equal(record, wanted);
	assert_true(as_logsocket_start(log.writer));
	as_logsocket_put(log.writer, LOG_DAEMON | LOG_ERR, NULL, "");
	memset(record, 0, sizeof record);
	assert_true(recv(log.fd, record, sizeof record - 1, 0) > 0);
	assert_int_equal(strncmp(record, "<27>", 4), 0);
	assert_string_equal(strstr(record, "]: "), "]: ");
	tear_down(&log);
}

/* Many more than a socket's queue takes, and nothing of it is lost. */
static void test_burst(void **state)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	(void)state; /* none */
	for (size_t t = 0; t < 2; t++) {
		struct log log;
		set_up(&log);
		listen_at(&log, types[t]);
		assert_true(as_logsocket_start(log.writer));
		for (int i = 0; i < FEW; i++)
			put_number(&log, i, 400);
		if (types[t] == SOCK_STREAM)
			assert_true((log.stream = accept(log.fd, NULL, NULL)) >= 0);
		expect_numbers(&log, 0, FEW);
		tear_down(&log);
	}
}

/* The reader sleeps for longer than there is room: where lines are missing stands how many. */
static void test_overflow(void **state)
{
	struct log log;
	(void)state; /* none */
	set_up(&log);
	listen_at(&log, SOCK_DGRAM);
	assert_true(as_logsocket_start(log.writer));
	for (int i = 0; i < LINES; i++)
		put_number(&log, i, 400);
	int kept = 0;
	const char *text;
	while (!strstr(text = next(&log), " lines of the log are lost, nobody read them"))
		assert_int_equal(strtol(text, NULL, 10), kept++);
	assert_int_equal(strtol(text, NULL, 10), LINES - kept);
	assert_int_equal(as_logsocket_lost(log.writer), LINES - kept);
	assert_true(kept > (1 << 20) / 500 && kept < LINES);
	put_number(&log, LINES, 400);
	expect_numbers(&log, LINES, LINES + 1);
	tear_down(&log);
}

/* A log that is started again has another socket at the same place; while it is away lines wait. */
static void test_replaced(void **state)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	(void)state; /* none */
	for (size_t from = 0; from < 4; from++) {
		struct log log;
		set_up(&log);
		assert_true(as_logsocket_start(log.writer));
		put_number(&log, 0, 10);
		for (int life = 0; life < 3; life++) {
			int type = types[life == 1 ? from % 2 : from / 2];
			listen_at(&log, type);
			if (type == SOCK_STREAM)
				assert_true((log.stream = accept(log.fd, NULL, NULL)) >= 0);
			expect_numbers(&log, life * 2, life * 2 + 1);
			put_number(&log, life * 2 + 1, 10);
			expect_numbers(&log, life * 2 + 1, life * 2 + 2);
			close_reader(&log);
			put_number(&log, life * 2 + 2, 10);
		}
		tear_down(&log);
	}
}

/* A reader that is stopped, and another one that takes its place while it still has its socket. */
static void test_replaced_while_it_sleeps(void **state)
{
	struct log log;
	(void)state; /* none */
	set_up(&log);
	listen_at(&log, SOCK_DGRAM);
	assert_true(as_logsocket_start(log.writer));
	for (int i = 0; i < FEW; i++)
		put_number(&log, i, 400);
	struct pollfd has_some = { .fd = log.fd, .events = POLLIN };
	assert_int_equal(poll(&has_some, 1, PATIENCE_S * 1000), 1);
	int sleeper = log.fd;
	unlink(log.path);
	listen_at(&log, SOCK_DGRAM);
	int first = (int)strtol(next(&log), NULL, 10);
	assert_true(first > 0 && first < FEW); /* those before are with the sleeper */
	expect_numbers(&log, first + 1, FEW);
	close(sleeper);
	tear_down(&log);
}

/* What waits is sent at the end, unless nobody takes it. */
static void test_stop(void **state)
{
	static const struct {
		const char *name;
		int type; /* 0: nobody there */
		int lines;
	} cases[] = { { "all taken", SOCK_DGRAM, 5 }, { "nobody reads", SOCK_DGRAM, LINES }, { "nobody accepts", SOCK_STREAM, LINES }, { "none", 0, 5 } };
	(void)state; /* none */
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct log log;
		set_up(&log);
		if (cases[i].type)
			listen_at(&log, cases[i].type);
		assert_true(as_logsocket_start(log.writer));
		for (int line = 0; line < cases[i].lines; line++)
			put_number(&log, line, 400);
		as_logsocket_stop(log.writer);
		put_number(&log, LINES, 400); /* goes nowhere */
		if (cases[i].lines < FEW && cases[i].type) {
			char byte;
			expect_numbers(&log, 0, cases[i].lines);
			if (recv(log.fd, &byte, 1, MSG_DONTWAIT) != -1 || errno != EAGAIN)
				fail_msg("%s: more", cases[i].name);
		}
		as_logsocket_free(log.writer);
		close_reader(&log);
		assert_int_equal(rmdir(log.folder), 0);
	}
}

/* As long as as_log() makes them, and longer. */
static void test_length(void **state)
{
	struct log log;
	char line[ROOM];
	(void)state; /* none */
	set_up(&log);
	listen_at(&log, SOCK_DGRAM);
	assert_true(as_logsocket_start(log.writer));
	memset(line, 'x', sizeof line);
	line[4095] = 0;
	as_logsocket_put(log.writer, LOG_MAIL | LOG_INFO, "4X1Y2Z", line);
	assert_int_equal(strlen(next(&log)), strlen("4X1Y2Z: ") + 4095);
	line[4095] = 'x';
	line[ROOM - 1] = 0;
	as_logsocket_put(log.writer, LOG_MAIL | LOG_INFO, "4X1Y2Z", line);
	size_t n = strlen(next(&log));
	assert_true(n > 4200 && n < 4352);
	tear_down(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_replaced_while_it_sleeps),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
