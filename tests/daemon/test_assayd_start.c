/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assayd_start.c - options, exit codes, sockets: everything before the first message. */
#include "config.h"

#include "daemon.h"
#include "milter_client.h"
#include "test.h"

#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

enum { TEXT = 1024, LONG_TEXT = 4096 };

static int new_daemon(void **state)
{
	*state = daemon_new();
	return 0;
}

static int free_daemon(void **state)
{
	daemon_free(*state);
	return 0;
}

static void expect_text(const char *name, const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("%s: '%s' is not in '%s'", name, wanted, text);
}

static void expect_status(const char *name, struct daemon *d, int wanted)
{
	int status = daemon_wait_end(d);
	if (status != wanted)
		fail_msg("%s: ended with %d, not %d: %s", name, status, wanted, daemon_log(d));
}

/* A configuration that needs nothing from the network; extra may bring a dns section of its own. */
static void configure(struct daemon *d, const char *socket, const char *extra)
{
	char text[LONG_TEXT];
	bool has_dns = strncmp(extra, "dns ", 4) == 0;
	snprintf(text, sizeof text,
		 "authserv-id = \"mx.example.com\"\nsocket = \"%s\"\nuser = \"\"\nlog { target = \"stderr\" level = \"debug\" }\n"
		 "%s\n%s\n",
		 socket, has_dns ? "" : "dns { mode = \"forward\" forward = {\"127.0.0.1@9\"} trust-anchor = \"\" }", extra);
	daemon_configure(d, text);
}

static const char *file_of(const struct daemon *d, char path[TEXT])
{
	snprintf(path, TEXT, "%s/assay.conf", daemon_folder(d));
	return path;
}

static const char *unix_of(const struct daemon *d, char path[TEXT])
{
	snprintf(path, TEXT, "unix:%s/socket", daemon_folder(d));
	return path;
}

static void options(void **state)
{
	static const struct {
		const char *name;
		const char *arguments[3];
		int status;
		const char *output, *error;
	} cases[] = {
		{ "help", { "-h" }, EX_OK, "usage: assayd", "" },
		{ "help in a word", { "--help" }, EX_OK, "usage: assayd", "" },
		{ "version in a word", { "--version" }, EX_OK, "assayd " PACKAGE_VERSION "\n", "" },
		{ "check and file in words", { "--check", "--config=/dev/null" }, EX_OK, "configuration: /dev/null\nfor Postfix: ", "" },
		{ "version", { "-V" }, EX_OK, "assayd " PACKAGE_VERSION "\n", "" },
		{ "unknown option", { "-x" }, EX_USAGE, "", "usage: assayd" },
		{ "option without its value", { "-c" }, EX_USAGE, "", "usage: assayd" },
		{ "argument", { "-f", "word" }, EX_USAGE, "", "unexpected argument 'word'" },
		{ "file that is not there", { "-fc", "/nonexistent/assay.conf" }, EX_NOINPUT, "",
		  "/nonexistent/assay.conf: No such file or directory" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		daemon_spawn(*state, cases[i].arguments);
		expect_status(cases[i].name, *state, cases[i].status);
		expect_text(cases[i].name, daemon_output(*state), cases[i].output);
		expect_text(cases[i].name, daemon_log(*state), cases[i].error);
	}
}

static void bad_configurations(void **state)
{
	static const struct {
		const char *name, *socket, *extra;
		int status;
		const char *error;
	} cases[] = {
		{ "unknown keyword", "inet:8894@127.0.0.1", "no-such-word = 1", EX_CONFIG, "assay.conf:6:" },
		{ "unknown verb", "inet:8894@127.0.0.1", "\ndmarc {\n on-reject = \"burn\"\n}", EX_CONFIG, "assay.conf:8:" },
		{ "socket without scheme", "8894", "", EX_CONFIG, "socket" },
		{ "port too high", "inet:70000@127.0.0.1", "", EX_CONFIG, "socket" },
		{ "port with letters", "inet:12ab@127.0.0.1", "", EX_CONFIG, "socket" },
		{ "relative path", "unix:run/socket", "", EX_CONFIG, "socket" },
		{ "unknown group", "inet:8894@127.0.0.1", "socket-group = \"no-such-group\"", EX_NOPERM,
		  "group 'no-such-group' does not exist" },
		{ "folder that is not there", "unix:/nonexistent/socket", "", EX_OSERR,
		  "cannot listen on unix:/nonexistent/socket: No such file or directory; make the folder, for the user to write to" },
		{ "folder below Postfix's that is not there", "unix:/var/spool/postfix/no-such/x", "", EX_OSERR,
		  "cannot listen on unix:/var/spool/postfix/no-such/x: No such file" },
		{ "address of another host", "inet:8894@192.0.2.77", "", EX_UNAVAILABLE, "192.0.2.77" },
		{ "trust anchor that is not there", NULL /* one of its own */, "dns { trust-anchor = \"/nonexistent/root.key\" }", EX_CONFIG,
		  "/nonexistent/root.key" },
	};
	char path[TEXT];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		configure(*state, cases[i].socket ? cases[i].socket : unix_of(*state, path), cases[i].extra);
		daemon_spawn(*state, (const char *const[]){ "-f", "-c", file_of(*state, path), NULL });
		expect_status(cases[i].name, *state, cases[i].status);
		expect_text(cases[i].name, daemon_log(*state), cases[i].error);
	}
}

static void unknown_user(void **state)
{
	char path[TEXT], text[LONG_TEXT];
	snprintf(text, sizeof text, "socket = \"%s\"\nuser = \"no-such-user\"\nlog { target = \"stderr\" }\n", unix_of(*state, path));
	daemon_configure(*state, text);
	daemon_spawn(*state, (const char *const[]){ "-f", "-c", file_of(*state, path), NULL });
	expect_status("unknown user", *state, EX_NOPERM);
	expect_text("unknown user", daemon_log(*state), "user 'no-such-user' does not exist");
}

/* Started as root: every id is the user's, no group of root's is left, and the socket belongs to the user. */
static void privileges(void **state)
{
	const struct passwd *user = getpwnam("nobody");
	if (geteuid() != 0 || !user)
		skip();
	char path[TEXT], text[LONG_TEXT], ids[TEXT];
	uid_t uid = user->pw_uid;
	assert_int_equal(chmod(daemon_folder(*state), 0777), 0); /* reads its configuration, says that it is ready */
	snprintf(text, sizeof text,
		 "socket = \"%s\"\nuser = \"nobody\"\nlog { target = \"stderr\" }\nmetrics { socket = \"%s.m\" socket-mode = \"0600\" }\n"
		 "dns { mode = \"forward\" forward = {\"127.0.0.1@9\"} trust-anchor = \"\" }\n",
		 unix_of(*state, path), path);
	daemon_configure(*state, text);
	snprintf(text, sizeof text, "%s/notify", daemon_folder(*state));
	assert_int_equal(chmod(text, 0777), 0);
	assert_true(daemon_start(*state));
	snprintf(text, sizeof text, "/proc/%d/status", (int)daemon_pid(*state));
	FILE *status = fopen(text, "r");
	assert_non_null(status);
	size_t n = fread(text, 1, sizeof text - 1, status);
	fclose(status);
	text[n] = 0;
	snprintf(ids, sizeof ids, "Uid:\t%u\t%u\t%u\t%u\n", uid, uid, uid, uid);
	expect_text("user", text, ids);
	if (strstr(text, "Groups:\t0 "))
		fail_msg("still in root's group: %s", text);
	struct stat st;
	assert_int_equal(stat(strchr(path, '/'), &st), 0);
	assert_int_equal(st.st_uid, uid);
	snprintf(text, sizeof text, "%s.m", strchr(path, '/'));
	assert_int_equal(stat(text, &st), 0);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(daemon_stop(*state), EX_OK);
}

/* The group of root, kept by whoever changed the user alone. */
static void become_in_root_group(void *user)
{
	const struct passwd *nobody = user;
	const gid_t root = 0;
	if (setgroups(1, &root) != 0 || setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0)
		_exit(126);
}

static void become_properly(void *user)
{
	const struct passwd *nobody = user;
	if (setgroups(1, &nobody->pw_gid) != 0 || setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0)
		_exit(126);
}

/* What of root is left, said by -n and in the log of the start. */
static void root_that_is_left(void **state)
{
	static const char in_group[] = "warning: started in the group of root; start it with the groups of its own account alone";
	static const struct {
		const char *name, *user;
		void (*become)(void *user);
		const char *warning; /* NULL: none */
	} cases[] = {
		{ "nobody else", "", NULL, "warning: user = \"\": everything runs as root; name an account without privileges" },
		{ "root by name", "root", NULL, "warning: user = \"root\": everything runs as root; name an account without privileges" },
		{ "user", "nobody", NULL, NULL },
		{ "started as the user", "nobody", become_properly, NULL },
		{ "started as the user, nobody else", "", become_properly, NULL },
		{ "started as the user in the group of root", "nobody", become_in_root_group, in_group },
		{ "in the group of root, nobody else", "", become_in_root_group, in_group },
	};
	struct passwd *user = getpwnam("nobody");
	if (geteuid() != 0 || !user)
		skip();
	char path[TEXT], file[TEXT], text[LONG_TEXT];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct daemon *d = daemon_new();
		assert_int_equal(chmod(daemon_folder(d), 0777), 0);
		snprintf(text, sizeof text, "%s/notify", daemon_folder(d));
		assert_int_equal(chmod(text, 0777), 0);
		snprintf(text, sizeof text,
			 "socket = \"%s\"\nuser = \"%s\"\nlog { target = \"stderr\" }\n"
			 "dns { mode = \"forward\" forward = {\"127.0.0.1@9\"} trust-anchor = \"\" }\n",
			 unix_of(d, path), cases[i].user);
		daemon_configure(d, text);
		daemon_prepare(d, cases[i].become, user);
		daemon_spawn(d, (const char *const[]){ "-n", "-c", file_of(d, file), NULL });
		expect_status(cases[i].name, d, EX_OK);
		expect_text(cases[i].name, daemon_log(d), cases[i].warning ? cases[i].warning : "");
		if (!cases[i].warning)
			assert_null(strstr(daemon_log(d), "warning"));
		assert_true(daemon_start(d));
		expect_text(cases[i].name, daemon_log(d), cases[i].warning ? cases[i].warning : "");
		if (!cases[i].warning && strstr(daemon_log(d), "root"))
			fail_msg("%s: %s", cases[i].name, daemon_log(d));
		assert_int_equal(daemon_stop(d), EX_OK);
		daemon_free(d);
	}
	(void)state;
}

/* A group that the user is no member of, and a folder that is not the user's. */
static void socket_that_the_user_cannot_make(void **state)
{
	struct passwd *user = getpwnam("nobody");
	if (geteuid() != 0 || !user || !getgrnam("daemon"))
		skip();
	const struct group *nobodys = getgrgid(user->pw_gid);
	assert_non_null(nobodys);
	const struct {
		const char *name, *user, *group;
		mode_t mode;
		const char *error;
	} cases[] = {
		{ "group", "nobody", "daemon", 0777, "socket to its group: Operation not permitted; without root the user must be a member of the group" },
		{ "folder", "nobody", "", 0755, "socket: Permission denied; the user must be able to write to the folder" },
		{ "user", "daemon", nobodys->gr_name, 0777, "cannot become user 'daemon': not started as root" },
	};
	char path[TEXT], file[TEXT], text[LONG_TEXT];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(text, sizeof text, "socket = \"%s\"\nuser = \"%s\"\nsocket-group = \"%s\"\nlog { target = \"stderr\" }\n",
			 unix_of(*state, path), cases[i].user, cases[i].group);
		daemon_configure(*state, text);
		assert_int_equal(chmod(daemon_folder(*state), cases[i].mode), 0);
		daemon_prepare(*state, become_properly, user);
		daemon_spawn(*state, (const char *const[]){ "-f", "-c", file_of(*state, file), NULL });
		expect_status(cases[i].name, *state, EX_NOPERM);
		expect_text(cases[i].name, daemon_log(*state), cases[i].error);
		assert_int_not_equal(access(strchr(path, '/'), F_OK), 0);
	}
}

static void files_that_the_user_cannot_read(void **state)
{
	const struct passwd *user = getpwnam("nobody");
	if (geteuid() != 0 || !user)
		skip();
	char path[TEXT], file[TEXT], text[LONG_TEXT];
	assert_int_equal(chmod(daemon_folder(*state), 0777), 0);
	snprintf(text, sizeof text, "%s/notify", daemon_folder(*state));
	assert_int_equal(chmod(text, 0777), 0);
	snprintf(text, sizeof text,
		 "socket = \"%s\"\nuser = \"nobody\"\nlog { target = \"stderr\" }\n"
		 "dns { mode = \"forward\" forward = {\"127.0.0.1@9\"} trust-anchor = \"\" }\n", unix_of(*state, path));
	daemon_configure(*state, text);
	assert_int_equal(chmod(file_of(*state, file), 0600), 0);
	assert_true(daemon_start(*state));
	expect_text("configuration", daemon_log(*state), "assay.conf: Permission denied; a reload will fail until the user may read it");
	assert_int_equal(daemon_stop(*state), EX_OK);
}

static void unknown_accounts_are_no_error_of_the_check(void **state)
{
	char path[TEXT], text[LONG_TEXT];
	snprintf(text, sizeof text, "socket = \"%s\"\nuser = \"no-such-user\"\ndns { trust-anchor = \"\" }\n", unix_of(*state, path));
	daemon_configure(*state, text);
	daemon_spawn(*state, (const char *const[]){ "-n", "-c", file_of(*state, path), NULL });
	expect_status("unknown user", *state, EX_OK);
	expect_text("unknown user", daemon_log(*state), "warning: user 'no-such-user' does not exist; create it or set user");
	configure(*state, unix_of(*state, path), "socket-group = \"no-such-group\" metrics { socket = \"inet:8895\" socket-group = \"no-such\" }");
	daemon_spawn(*state, (const char *const[]){ "-n", "-c", file_of(*state, path), NULL });
	expect_status("unknown group", *state, EX_OK);
	expect_text("unknown group", daemon_log(*state), "warning: group 'no-such-group' does not exist; create it or set socket-group");
	expect_text("unknown group", daemon_log(*state), "warning: group 'no-such' does not exist; create it or set socket-group");
}

/* What cannot be written later is said now. */
static void folders_that_are_not_there(void **state)
{
	static const struct {
		const char *extra, *warning; /* NULL: none */
	} cases[] = {
		{ "trace { enable = true file = \"/nonexistent/t\" }",
		  "warning: traces cannot be written to /nonexistent/t: No such file or directory; make the folder, for the user to write to\n" },
		{ "trace { file = \"/nonexistent/t\" }", NULL },
		{ "trace { enable = true file = \"/assay-test.trace\" }", NULL },
		{ "capture { directory = \"/nonexistent/c/d\" every = 1 }", "warning: captures cannot be written to /nonexistent/c/d: No such" },
		{ "capture { directory = \"/nonexistent/c/d\" }", NULL },
		{ "capture { directory = \"/tmp\" every = 1 }", NULL },
	};
	char path[TEXT], socket[TEXT];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(socket, sizeof socket, "inet:%u@127.0.0.1", daemon_free_port(AF_INET));
		configure(*state, socket, cases[i].extra);
		daemon_spawn(*state, (const char *const[]){ "-n", "-c", file_of(*state, path), NULL });
		expect_status(cases[i].extra, *state, EX_OK);
		if (cases[i].warning)
			expect_text(cases[i].extra, daemon_log(*state), cases[i].warning);
		else
			assert_null(strstr(daemon_log(*state), "cannot be written"));
		if (i)
			continue;
		assert_true(daemon_start(*state));
		expect_text("start", daemon_log(*state), cases[i].warning);
		assert_int_equal(daemon_stop(*state), EX_OK);
	}
}

static void expect_limit(const char *name, struct daemon *d, rlim_t soft, rlim_t hard, rlim_t wanted)
{
	char path[TEXT], text[LONG_TEXT], line[TEXT];
	struct rlimit before, limit = { .rlim_cur = soft, .rlim_max = hard };
	snprintf(text, sizeof text,
		 "socket = \"%s\"\nuser = \"\"\nmaximum-connections = 100\nlog { target = \"stderr\" }\n"
		 "dns { mode = \"forward\" forward = {\"127.0.0.1@9\"} trust-anchor = \"\" }\n",
		 unix_of(d, path));
	daemon_configure(d, text);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit.rlim_max = hard ? hard : before.rlim_max;
	assert_int_equal(prlimit(0, RLIMIT_NOFILE, &limit, NULL), 0);
	bool is_running = daemon_start(d);
	if (!hard)
		assert_int_equal(prlimit(0, RLIMIT_NOFILE, &before, NULL), 0);
	if (!is_running)
		fail_msg("%s: %s", name, daemon_log(d));
	assert_int_equal(prlimit(daemon_pid(d), RLIMIT_NOFILE, NULL, &limit), 0);
	if (limit.rlim_cur != (wanted ? wanted : before.rlim_max))
		fail_msg("%s: %llu descriptors", name, (unsigned long long)limit.rlim_cur);
	snprintf(line, sizeof line, "warning: %llu file descriptors do not suffice for maximum-connections = 100",
		 (unsigned long long)limit.rlim_cur);
	if (!!strstr(daemon_log(d), line) != (limit.rlim_cur < 200))
		fail_msg("%s: %s", name, daemon_log(d));
	assert_int_equal(daemon_stop(d), EX_OK);
}

/* The last one lowers the hard limit of this process for good. */
static void descriptors(void **state)
{
	expect_limit("soft limit", *state, 256, 0, 0);
	expect_limit("hard limit", *state, 100, 150, 150);
}

static void check_prints_the_matrix(void **state)
{
	char path[TEXT];
	configure(*state, "inet:8894@[::1]", "dmarc { on-reject = \"quarantine\" }\nreport-only = true");
	daemon_spawn(*state, (const char *const[]){ "-n", "-c", file_of(*state, path), NULL });
	expect_status("good", *state, EX_OK);
	expect_text("file", daemon_output(*state), path);
	expect_text("postfix", daemon_output(*state), "smtpd_milters = inet:[::1]:8894\n");
	expect_text("sendmail", daemon_output(*state), "INPUT_MAIL_FILTER(`assay', `S=inet6:8894@::1, F=T, T=C:30s;S:30s;R:30s;E:5m')\n");
	expect_text("anchor", daemon_output(*state), "trust anchor: none, DNSSEC is not validated\n");
	expect_text("matrix", daemon_output(*state), "quarantine");
	expect_text("report-only", daemon_output(*state), "report-only is on");
	assert_string_equal(daemon_log(*state), geteuid() ? "" : "assayd: warning: user = \"\": everything runs as root; name an account "
							       "without privileges\n");

	configure(*state, "inet:8894", "dns { trust-anchor = \"/nonexistent/root.key\" }");
	daemon_spawn(*state, (const char *const[]){ "-n", "-c", path, NULL });
	expect_status("bad anchor", *state, EX_CONFIG);
	expect_text("bad anchor", daemon_log(*state), "/nonexistent/root.key");
}

/* Check and start both say what the rules do, and which one is over. */
static void rules_are_announced(void **state)
{
	static const char rules[] =
		"rule-statistics = \"\"\nrule \"old\" { client = \"192.0.2.1\" action = \"accept\" owner = \"bob\" expires = \"2020-02-29\" }\n"
		"rule \"wide\" { client = \"192.0.2.0/24\" action = \"reject\" }\nrule \"late\" { client = \"192.0.2.7\" action = \"tag\" }\n"
		"rule \"trial\" { spf = \"fail\" action = \"report-only\" }";
	char path[TEXT], socket[TEXT];
	snprintf(socket, sizeof socket, "inet:%u@127.0.0.1", daemon_free_port(AF_INET));
	configure(*state, socket, rules);
	daemon_spawn(*state, (const char *const[]){ "-n", "-c", file_of(*state, path), NULL });
	expect_status("check", *state, EX_OK);
	expect_text("order", daemon_output(*state), "\n  2 wide                       reject       client = {\"192.0.2.0/24\"}\n");
	expect_text("expired", daemon_output(*state), "\n    EXPIRED since 2020-02-29\n");
	expect_text("unreachable", daemon_output(*state), "\nunreachable: rule late, since rule wide takes all its messages\n");
	expect_text("enforced", daemon_output(*state), "\nEnforced by rules: wide (reject)\n");
	assert_true(daemon_start(*state));
	expect_text("log", daemon_log(*state), "rule old expired on 2020-02-29 and does not match any more; ask bob\n");
	expect_text("log", daemon_log(*state), "; rules: 1 report-only, 1 reject, 1 tag\n");
	assert_int_equal(daemon_stop(*state), EX_OK);
}

/* Starts with that socket, speaks with it through the client's address, stops. */
static void expect_service(const char *name, struct daemon *d, const char *socket, const char *address, const char *line)
{
	char wanted[TEXT];
	configure(d, socket, "");
	if (!daemon_start(d))
		fail_msg("%s: did not start: %s", name, daemon_log(d));
	struct milter_client *c = milter_open(address);
	if (!c || !milter_negotiate(c, 6, MILTER_ALL_ACTIONS, MILTER_ALL_STEPS))
		fail_msg("%s: no milter at %s", name, address);
	milter_close(c);
	snprintf(wanted, sizeof wanted, "smtpd_milters = %s\n", line);
	expect_text(name, daemon_log(d), wanted);
	assert_int_equal(daemon_stop(d), EX_OK);
}

static void inet_sockets(void **state)
{
	static const struct {
		const char *socket; /* %u: port */
		int family;
		const char *address, *line;
	} cases[] = {
		{ "inet:%u@127.0.0.1", AF_INET, "inet:%u@127.0.0.1", "inet:127.0.0.1:%u" },
		{ "inet:%u@[127.0.0.1]", AF_INET, "inet:%u@127.0.0.1", "inet:127.0.0.1:%u" },
		{ "inet:127.0.0.1:%u", AF_INET, "inet:%u@127.0.0.1", "inet:127.0.0.1:%u" },
		{ "inet:%u@localhost", AF_INET, "inet:%u@127.0.0.1", "inet:127.0.0.1:%u" },
		{ "inet:localhost:%u", AF_INET, "inet:%u@127.0.0.1", "inet:127.0.0.1:%u" },
		{ "inet:%u", AF_INET, "inet:%u@127.0.0.1", "inet:127.0.0.1:%u" },
		{ "inet6:%u@::1", AF_INET6, "inet:%u@::1", "inet:[::1]:%u" },
		{ "inet6:%u@[::1]", AF_INET6, "inet:%u@::1", "inet:[::1]:%u" },
		{ "inet6:[::1]:%u", AF_INET6, "inet:%u@::1", "inet:[::1]:%u" },
		{ "inet:[::1]:%u", AF_INET6, "inet:%u@::1", "inet:[::1]:%u" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char socket[TEXT], address[TEXT], line[TEXT];
		unsigned port = daemon_free_port(cases[i].family);
		if (!port)
			continue; /* a host without IPv6 */
		snprintf(socket, sizeof socket, cases[i].socket, port);
		snprintf(address, sizeof address, cases[i].address, port);
		snprintf(line, sizeof line, cases[i].line, port);
		expect_service(cases[i].socket, *state, socket, address, line);
	}
}

/* Takes the daemon's listening socket away from it. False: this system does not let us. */
static bool shut_listener(pid_t pid)
{
	bool is_shut = false;
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	for (int fd = 0; process >= 0 && fd < 64; fd++) {
		int is_listening = 0, copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
		socklen_t size = sizeof is_listening;
		if (copy >= 0 && getsockopt(copy, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) == 0 && is_listening)
			is_shut |= shutdown(copy, SHUT_RDWR) == 0;
		if (copy >= 0)
			close(copy);
	}
	if (process >= 0)
		close(process);
	return is_shut;
}

/* Whoever watches over the daemon must see that this was no stop. */
static void lost_listener(void **state)
{
	char socket[TEXT];
	snprintf(socket, sizeof socket, "inet:%u@127.0.0.1", daemon_free_port(AF_INET));
	configure(*state, socket, "");
	assert_true(daemon_start(*state));
	if (!shut_listener(daemon_pid(*state))) {
		assert_int_equal(daemon_stop(*state), EX_OK);
		skip();
	}
	expect_status("lost listener", *state, EX_TEMPFAIL);
	expect_text("lost listener", daemon_log(*state), "libmilter has stopped listening");
}

static void unix_sockets(void **state)
{
	char path[TEXT], local[TEXT];
	expect_service("unix", *state, unix_of(*state, path), path, path);
	snprintf(local, sizeof local, "local:%s/socket", daemon_folder(*state));
	expect_service("local", *state, local, path, path);
	assert_int_not_equal(access(strchr(path, '/'), F_OK), 0); /* the file goes with the daemon */
}

static void mode_and_group(void **state)
{
	char path[TEXT], extra[TEXT];
	const struct group *group = geteuid() == 0 ? getgrnam("daemon") : getgrgid(getegid());
	assert_non_null(group);
	gid_t gid = group->gr_gid;
	snprintf(extra, sizeof extra, "socket-mode = \"0620\"\nsocket-group = \"%s\"", group->gr_name);
	configure(*state, unix_of(*state, path), extra);
	assert_true(daemon_start(*state));
	struct stat st;
	assert_int_equal(stat(strchr(path, '/'), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0620);
	assert_int_equal(st.st_gid, gid);
	assert_int_equal(daemon_stop(*state), EX_OK);
}

static void stale_socket_is_taken_over(void **state)
{
	char path[TEXT];
	configure(*state, unix_of(*state, path), "");
	assert_true(daemon_start(*state));
	daemon_signal(*state, SIGKILL);
	assert_int_equal(daemon_wait_end(*state), 128 + SIGKILL);
	assert_int_equal(access(strchr(path, '/'), F_OK), 0);
	expect_service("after SIGKILL", *state, path, path, path);
}

static void other_files_stay(void **state)
{
	char path[TEXT], file[TEXT];
	snprintf(file, sizeof file, "%s/socket", daemon_folder(*state));
	FILE *out = fopen(file, "w");
	assert_non_null(out);
	fclose(out);
	configure(*state, unix_of(*state, path), "");
	daemon_spawn(*state, (const char *const[]){ "-f", "-c", file_of(*state, path), NULL });
	expect_status("a file", *state, EX_UNAVAILABLE);
	expect_text("a file", daemon_log(*state), "the file exists and is not a socket");
	assert_int_equal(access(file, F_OK), 0);
}

static void socket_in_use(void **state)
{
	char path[TEXT], inet[TEXT];
	snprintf(inet, sizeof inet, "inet:%u@127.0.0.1", daemon_free_port(AF_INET));
	const char *sockets[] = { unix_of(*state, path), inet };
	for (size_t i = 0; i < 2; i++) {
		configure(*state, sockets[i], "");
		assert_true(daemon_start(*state));
		struct daemon *second = daemon_new();
		char file[TEXT];
		configure(second, sockets[i], "");
		daemon_spawn(second, (const char *const[]){ "-f", "-c", file_of(second, file), NULL });
		expect_status(sockets[i], second, EX_UNAVAILABLE);
		expect_text(sockets[i], daemon_log(second), "socket in use");
		daemon_spawn(second, (const char *const[]){ "-c", file, NULL }); /* the background tells as well */
		expect_status(sockets[i], second, EX_UNAVAILABLE);
		daemon_free(second);
		struct milter_client *c = milter_open(sockets[i]); /* and the first one still has its socket */
		assert_true(c && milter_negotiate(c, 6, MILTER_ALL_ACTIONS, MILTER_ALL_STEPS));
		milter_close(c);
		assert_int_equal(daemon_stop(*state), EX_OK);
	}
}

/* The process that listens, from the socket itself. */
static pid_t listener_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct ucred peer = { 0 };
	socklen_t length = sizeof peer;
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
	close(fd);
	return peer.pid;
}

static void background(void **state)
{
	char path[TEXT], file[TEXT];
	configure(*state, unix_of(*state, path), "");
	daemon_spawn(*state, (const char *const[]){ "-c", file_of(*state, file), NULL });
	pid_t parent = daemon_pid(*state);
	expect_status("parent", *state, EX_OK);
	struct milter_client *c = milter_open(path); /* listens by now */
	assert_true(c && milter_negotiate(c, 6, MILTER_ALL_ACTIONS, MILTER_ALL_STEPS));
	milter_close(c);
	pid_t child = listener_of(strchr(path, '/'));
	assert_true(child > 1 && child != parent);
	assert_int_equal(getsid(child), child);
	assert_true(daemon_wait_state(*state, "READY=1"));
	kill(child, SIGTERM);
	assert_true(daemon_wait_log(*state, "stopped"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(options, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(bad_configurations, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(unknown_user, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(privileges, new_daemon, free_daemon),
		cmocka_unit_test(root_that_is_left),
		cmocka_unit_test_setup_teardown(files_that_the_user_cannot_read, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(socket_that_the_user_cannot_make, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(folders_that_are_not_there, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(unknown_accounts_are_no_error_of_the_check, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(check_prints_the_matrix, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(rules_are_announced, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(inet_sockets, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(lost_listener, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(unix_sockets, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(mode_and_group, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(stale_socket_is_taken_over, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(other_files_stay, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(socket_in_use, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(background, new_daemon, free_daemon),
		cmocka_unit_test_setup_teardown(descriptors, new_daemon, free_daemon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
