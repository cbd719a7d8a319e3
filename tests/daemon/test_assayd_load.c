/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assayd_load.c - reload and stop while messages come, a log that takes nothing, starts that must fail. */
#include "config.h"

#include "rig.h"

#include "sanitized.h"
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

enum { SENDERS = 20, RELOADS = 50, IN_FLIGHT = 200, MESSAGES = 500, MANY = 3000, GROWTH_KB = IS_SANITIZED ? 1 << 20 : 8192 };

static bool is_passed(const struct milter_result *result, const char *wanted)
{
	const struct milter_edit *edit = rig_inserted(result, "Authentication-Results", 0);
	return result->answer == MILTER_CONTINUE && edit && strstr(edit->value, wanted);
}

static void expect_normal(const struct rig *rig)
{
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	assert_true(is_passed(rig_message(c, "example.com"), "dmarc=pass"));
	rig_farewell(c);
}

/* --- reload under load ----------------------------------------------------------------------------------------------- */

struct load {
	const struct rig *rig;
	atomic_bool is_over;
	atomic_uint rejected, deferred, others;
};

/* No assertion in here: cmocka's belong to its own thread. */
static void *send_spoofs(void *user)
{
	struct load *load = user;
	while (!atomic_load(&load->is_over)) {
		struct milter_client *c = milter_open(load->rig->address);
		char bytes[RIG_SESSION_MAX];
		size_t n = rig_session_bytes(bytes, "example.com");
		char *client = memmem(bytes, n, "192.0.2.1", 9);
		if (!c || !client) {
			atomic_fetch_add(&load->others, 1);
			break;
		}
		client[8] = '7';
		milter_raw(c, bytes, n);
		(void)milter_flush(c); /* the answer shows a lost connection */
		const struct milter_result *result = rig_session_read(c);
		const char *text = result->text ? result->text : "";
		if (strncmp(text, "550 5.7.1 ", 10) == 0)
			atomic_fetch_add(&load->rejected, 1);
		else if (strncmp(text, "451 4.7.1 ", 10) == 0)
			atomic_fetch_add(&load->deferred, 1);
		else
			atomic_fetch_add(&load->others, 1);
		milter_close(c);
	}
	return NULL;
}

static void reload_once(struct rig *rig, int i)
{
	static const char *const extras[] = {
		"dmarc { on-reject = \"tempfail\" }",
		"dmarc { on-reject = \"burn\" }",
		"dmarc { on-reject = \"reject\" }",
		"no-such-keyword = 1",
		"dmarc {",
	};
	rig_configure(rig, extras[i % 5]);
	daemon_signal(rig->daemon, SIGUSR1);
	assert_true(daemon_wait_state(rig->daemon, "RELOADING=1"));
	assert_true(daemon_wait_state(rig->daemon, "READY=1"));
}

static void wait_for_more(atomic_uint *count)
{
	unsigned before = atomic_load(count);
	for (int ms = 0; ms < DAEMON_WAIT_MS && atomic_load(count) == before; ms++)
		poll(NULL, 0, 1);
	assert_true(atomic_load(count) > before);
}

static void wait_for_descriptors(const struct rig *rig, unsigned most)
{
	for (int ms = 0; ms < DAEMON_WAIT_MS && daemon_descriptors(rig->daemon) > most; ms += 5)
		poll(NULL, 0, 5);
	assert_in_range(daemon_descriptors(rig->daemon), 1, most);
}

static void reload_under_load(void **state)
{
	struct rig *rig = *state;
	struct load load = { .rig = rig };
	pthread_t senders[SENDERS];
	expect_normal(rig);
	unsigned descriptors = daemon_descriptors(rig->daemon);
	for (int i = 0; i < SENDERS; i++)
		assert_int_equal(pthread_create(&senders[i], NULL, send_spoofs, &load), 0);
	wait_for_more(&load.rejected);
	unsigned long memory_kb = 0;
	for (int i = 0; i < RELOADS; i++) {
		reload_once(rig, i);
		wait_for_more(i % 5 < 2 ? &load.deferred : &load.rejected);
		if (i == RELOADS / 5)
			memory_kb = daemon_memory_kb(rig->daemon);
	}
	atomic_store(&load.is_over, true);
	for (int i = 0; i < SENDERS; i++)
		pthread_join(senders[i], NULL);
	assert_int_equal(atomic_load(&load.others), 0);
	assert_true(daemon_wait_statistics(rig->daemon, "connections=0 messages=0 "));
	wait_for_descriptors(rig, descriptors);
	unsigned long now_kb = daemon_memory_kb(rig->daemon);
	if (now_kb > memory_kb + GROWTH_KB)
		fail_msg("%lu kB before, %lu kB after", memory_kb, now_kb);
}

/* Each reload changes dns{} and so makes a resolver, with its thread and its descriptors; the one before goes with its last message.
 * Environments that stay are memory, which a build with sanitizers finds at the end of this and of reload_under_load(). */
static void reloads_free_resolvers(void **state)
{
	enum { TIMES = 20 };
	struct rig *rig = *state;
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	char config[sizeof rig->config], *place = strstr(rig->config, "trust-anchor");
	assert_non_null(place);
	assert_true(is_passed(rig_message(c, "example.com"), "dmarc=pass"));
	unsigned descriptors = daemon_descriptors(rig->daemon);
	for (int i = 1; i <= TIMES; i++) {
		snprintf(config, sizeof config, "%.*smaximum-ttl = \"%dh\" %s", (int)(place - rig->config), rig->config, i, place);
		daemon_configure(rig->daemon, config);
		rig_mail(c, "<user@example.com>"); /* holds the old one */
		daemon_signal(rig->daemon, SIGUSR1);
		assert_true(daemon_wait_state(rig->daemon, "RELOADING=1"));
		assert_true(daemon_wait_state(rig->daemon, "READY=1"));
		rig_content(c, "example.com");
		assert_true(is_passed(milter_eom(c), "dmarc=pass"));
		assert_true(is_passed(rig_message(c, "example.com"), "dmarc=pass"));
		assert_int_equal(dns_responder_count(rig->dns, "_dmarc.example.com"), i + 1); /* a new cache */
	}
	rig_farewell(c);
	wait_for_descriptors(rig, descriptors);
}

/* --- stop with messages in flight ------------------------------------------------------------------------------------ */

static void stop_with_many_in_flight(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("evaluation-timeout = \"2s\"");
	struct milter_client *c[IN_FLIGHT];
	unsigned deferred = 0;
	for (int i = 0; i < IN_FLIGHT; i++) {
		assert_non_null(c[i] = milter_open(rig->address));
		rig_session_send(c[i], "silent.example");
	}
	assert_true(dns_responder_wait(rig->dns, "_dmarc.silent.example"));
	daemon_signal(rig->daemon, SIGTERM);
	for (int i = 0; i < IN_FLIGHT; i++) {
		const struct milter_result *result = rig_session_read(c[i]);
		assert_int_not_equal(result->answer, MILTER_CONTINUE);
		assert_int_equal(result->edit_count, 0);
		deferred += result->answer == MILTER_REPLY && strncmp(result->text, "451 4.", 6) == 0;
		milter_close(c[i]);
	}
	assert_true(deferred > 0);
	int status = daemon_wait_end(rig->daemon);
	if (status != EX_OK && status != EX_TEMPFAIL)
		fail_msg("assayd ended with %d: %s", status, daemon_log(rig->daemon));
	assert_int_not_equal(access(strchr(rig->address, '/'), F_OK), 0);
	assert_true(daemon_start(rig->daemon));
	expect_normal(rig);
	rig_free(rig);
}

/* Every one that waits is answered as it would be otherwise, and the connections are still there when the process ends. */
/* The kernel may give a signal for the process to any thread that would take it: only the first one does, libmilter's does not. */
static void no_other_thread_takes_signals(void **state)
{
	struct rig *rig = *state;
	char path[64];
	int pid = (int)daemon_pid(rig->daemon), count = 0;
	snprintf(path, sizeof path, "/proc/%d/task", pid);
	expect_normal(rig); /* all threads are there */
	DIR *tasks = opendir(path);
	assert_non_null(tasks);
	for (const struct dirent *task; (task = readdir(tasks));) {
		int thread = atoi(task->d_name);
		if (thread > 0 && thread != pid && syscall(SYS_tgkill, pid, thread, SIGTERM) == 0)
			count++;
	}
	closedir(tasks);
	assert_true(count > 0);
	expect_normal(rig);
	assert_null(strstr(daemon_log(rig->daemon), "stopping"));
}

static void stop_answers_all_in_flight(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("evaluation-timeout = \"120s\"");
	struct milter_client *c[IN_FLIGHT];
	for (int i = 0; i < IN_FLIGHT; i++) {
		c[i] = rig_client(rig, RIG_CLIENT_OURS);
		rig_mail(c[i], "<user@example.com>");
	}
	for (int i = 0; i < IN_FLIGHT; i++) { /* at once: libunbound gives a silent server up after a second */
		rig_content(c[i], "silent.example");
		assert_true(milter_eom_send(c[i]));
	}
	assert_true(dns_responder_wait(rig->dns, "_dmarc.silent.example"));
	daemon_signal(rig->daemon, SIGTERM);
	if (!daemon_wait_log(rig->daemon, "stopping, 200 messages in flight"))
		fail_msg("no orderly stop: %s", daemon_log(rig->daemon));
	dns_responder_release(rig->dns);
	for (int i = 0; i < IN_FLIGHT; i++)
		if (!is_passed(milter_eom_read(c[i]), "dmarc=none"))
			fail_msg("message %d of %d has no answer", i, IN_FLIGHT);
	assert_int_equal(daemon_wait_end(rig->daemon), EX_OK);
	for (int i = 0; i < IN_FLIGHT; i++)
		milter_close(c[i]);
	rig_discard(rig);
}

/* --- logs that take nothing ------------------------------------------------------------------------------------------ */

static int log_pipe[2];

static void log_into_pipe(void *user)
{
	(void)user; /* the pipe is all there is */
	dup2(log_pipe[1], STDERR_FILENO);
	close(log_pipe[0]);
	close(log_pipe[1]);
}

static void log_nowhere(void *user)
{
	(void)user; /* nothing to know */
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
}

/* Long lines: 64 KB of a pipe are full soon. */
static void send_many(const struct rig *rig, int n)
{
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	for (int i = 0; i < n; i++)
		assert_true(is_passed(rig_message(c, "example.com"), "dmarc=pass"));
	rig_farewell(c);
}

/* The reader wakes up: what there was, then the complaint, then the log goes on. */
static void expect_lines_lost(int fd, const struct rig *rig)
{
	static char text[1 << 18];
	size_t n = 0;
	ssize_t got;
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (n < sizeof text / 2 && (got = read(fd, text + n, sizeof text / 2 - n)) > 0)
		n += (size_t)got;
	send_many(rig, 1);
	while (n < sizeof text - 1 && (got = read(fd, text + n, sizeof text - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = 0;
	assert_non_null(strstr(text, "assayd: assayd " PACKAGE_VERSION " started\n"));
	const char *complaint = strstr(text, " lines of the log are lost, nobody read them\nassayd: 4X1Y2Z: from=");
	if (!complaint)
		fail_msg("no complaint: %.200s", text + (n > 200 ? n - 200 : 0));
}

static void log_pipe_full_then_broken(void **state)
{
	(void)state; /* a rig of its own */
	assert_int_equal(pipe2(log_pipe, O_CLOEXEC), 0);
	struct rig *rig = rig_new_prepared("", log_into_pipe, NULL);
	close(log_pipe[1]);
	send_many(rig, MESSAGES); /* nobody reads */
	expect_lines_lost(log_pipe[0], rig);
	close(log_pipe[0]);
	send_many(rig, MESSAGES); /* EPIPE */
	rig_free(rig);
}

/* No descriptor of a connection may become standard error. */
static void standard_streams_closed(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new_prepared("", log_nowhere, NULL);
	for (int fd = 0; fd < 3; fd++) {
		char path[64], target[64] = "";
		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)daemon_pid(rig->daemon), fd);
		assert_true(readlink(path, target, sizeof target - 1) > 0);
		assert_string_equal(target, "/dev/null");
	}
	send_many(rig, 3);
	rig_free(rig);
}

/* The system log: its socket is in the daemon's folder, the test its reader. */

static int syslog_new(const struct rig *rig)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = DAEMON_WAIT_MS / 1000 };
	snprintf(address.sun_path, sizeof address.sun_path, "%.90s/log", daemon_folder(rig->daemon));
	unlink(address.sun_path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	return fd;
}

/* Started again with its log there. */
static struct rig *rig_with_syslog(const char *socket_name)
{
	struct rig *rig = rig_new("");
	char *target = strstr(rig->config, "target = \"stderr\""), rest[sizeof rig->config];
	assert_non_null(target);
	snprintf(rest, sizeof rest, "%s", target + strlen("target = \"stderr\""));
	snprintf(target, sizeof rig->config - (size_t)(target - rig->config), "socket = \"%.90s/%s\"%s", daemon_folder(rig->daemon),
		 socket_name, rest);
	daemon_configure(rig->daemon, rig->config);
	assert_int_equal(daemon_stop(rig->daemon), EX_OK);
	return rig;
}

/* The next line, behind its head. */
static const char *syslog_next(int fd)
{
	static char record[8192];
	ssize_t n = recv(fd, record, sizeof record - 1, 0);
	assert_true(n > 0);
	record[n] = 0;
	const char *text = strstr(record, "]: ");
	assert_true(strstr(record, " assayd[") && text);
	return text + 3;
}

static void syslog_expect(int fd, const char *wanted)
{
	for (int i = 0; i < MANY; i++)
		if (strstr(syslog_next(fd), wanted))
			return;
	fail_msg("no '%s'", wanted);
}

static void no_syslog(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_with_syslog("none");
	assert_true(daemon_start(rig->daemon));
	send_many(rig, 3);
	rig_free(rig);
}

/* One that is read, that nobody reads for longer than there is room for lines, that is gone, and another one at its place: messages are
 * answered all the while. */
static void syslog_that_sleeps_and_dies(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_with_syslog("log");
	char helo[400];
	memset(helo, 'h', sizeof helo - 1);
	helo[sizeof helo - 1] = 0;
	int fd = syslog_new(rig);
	assert_true(daemon_start(rig->daemon));
	syslog_expect(fd, "assayd " PACKAGE_VERSION " started");
	send_many(rig, 1);
	syslog_expect(fd, "4X1Y2Z: from=");

	struct milter_client *c = rig_negotiated(rig);
	assert_int_equal(milter_connect(c, "client.example.com", '4', 40000, "192.0.2.1"), MILTER_SILENT);
	assert_int_equal(milter_helo(c, helo), MILTER_SILENT);
	for (int i = 0; i < MANY; i++)
		assert_true(is_passed(rig_message(c, "example.com"), "dmarc=pass"));
	rig_farewell(c);
	int lines = 0;
	const char *text;
	while (!strstr(text = syslog_next(fd), " lines of the log are lost, nobody read them"))
		lines += strncmp(text, "4X1Y2Z: from=", 13) == 0;
	assert_int_equal(lines + strtol(text, NULL, 10), MANY);
	send_many(rig, 1);
	syslog_expect(fd, "4X1Y2Z: from=");

	close(fd);
	send_many(rig, 3);
	fd = syslog_new(rig);
	for (int i = 0; i < 3; i++)
		syslog_expect(fd, "4X1Y2Z: from=");
	assert_int_equal(daemon_stop(rig->daemon), EX_OK);
	syslog_expect(fd, "assayd " PACKAGE_VERSION " stopped");
	close(fd);
	rig_discard(rig);
}

/* What libmilter writes by syslog(3) goes where our own lines go. */
static void lines_of_libmilter(void **state)
{
	struct rig *rig = *state;
	struct milter_client *c = milter_open(rig->address);
	assert_non_null(c);
	assert_false(milter_negotiate(c, 1, MILTER_ALL_ACTIONS, MILTER_ALL_STEPS));
	milter_close(c);
	assert_true(daemon_wait_log(rig->daemon, "protocol version too old 1 < 2"));
}

/* --- folders that take no socket --------------------------------------------------------------------------------------- */

static const char *tmpfs_options;
static const char *tmpfs_folder;
static unsigned long tmpfs_flags;

enum { NO_MOUNT = 99 };

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool is_written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return is_written;
}

/* Mounts of our own: as root, or in a user namespace where we are root. */
static bool enter_namespace(void)
{
	char uid_map[32], gid_map[32];
	snprintf(uid_map, sizeof uid_map, "0 %u 1\n", (unsigned)geteuid());
	snprintf(gid_map, sizeof gid_map, "0 %u 1\n", (unsigned)getegid());
	if (unshare(CLONE_NEWNS) == 0)
		return true;
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_file("/proc/self/uid_map", uid_map) &&
	       write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/gid_map", gid_map);
}

static void mount_folder(void *user)
{
	(void)user; /* variables, so that one function serves all rows */
	if (!enter_namespace())
		_exit(NO_MOUNT);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", tmpfs_folder, "tmpfs", tmpfs_flags, tmpfs_options) != 0)
		_exit(NO_MOUNT);
}

static void folder_without_room(void **state)
{
	static const struct {
		unsigned long flags;
		const char *options, *wanted;
	} cases[] = {
		{ MS_RDONLY, "", "Read-only file system; the user must be able to write to the folder, and systemd to let it (ReadWritePaths=)\n" },
		{ 0, "nr_inodes=1", "No space left on device\n" },
	};
	(void)state; /* a daemon of its own */
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct daemon *d = daemon_new();
		char folder[128], file[128], text[512];
		snprintf(folder, sizeof folder, "%.100s/run", daemon_folder(d));
		snprintf(file, sizeof file, "%.100s/assay.conf", daemon_folder(d));
		assert_int_equal(mkdir(folder, 0755), 0);
		snprintf(text, sizeof text, "socket = \"unix:%s/socket\"\nuser = \"\"\nlog { target = \"stderr\" }\n", folder);
		daemon_configure(d, text);
		tmpfs_folder = folder;
		tmpfs_flags = cases[i].flags;
		tmpfs_options = cases[i].options;
		daemon_prepare(d, mount_folder, NULL);
		daemon_spawn(d, (const char *const[]){ "-f", "-c", file, NULL });
		int status = daemon_wait_end(d);
		if (status == NO_MOUNT) {
			daemon_free(d);
			skip();
		}
		assert_int_equal(status, EX_OSERR);
		snprintf(text, sizeof text, "cannot listen on unix:%s/socket: %s", folder, cases[i].wanted);
		if (!strstr(daemon_log(d), text))
			fail_msg("no '%s' in '%s'", text, daemon_log(d));
		daemon_free(d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reload_under_load, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(reloads_free_resolvers, rig_setup, rig_teardown),
		cmocka_unit_test(stop_with_many_in_flight),
		cmocka_unit_test_setup_teardown(no_other_thread_takes_signals, rig_setup, rig_teardown),
		cmocka_unit_test(stop_answers_all_in_flight),
		cmocka_unit_test(log_pipe_full_then_broken),
		cmocka_unit_test(standard_streams_closed),
		cmocka_unit_test(no_syslog),
		cmocka_unit_test(syslog_that_sleeps_and_dies),
		cmocka_unit_test_setup_teardown(lines_of_libmilter, rig_setup, rig_teardown),
		cmocka_unit_test(folder_without_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
