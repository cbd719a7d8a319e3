/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon.c - fork, exec, and files for what the daemon says. */
#include "config.h"

#include "daemon.h"

#include "arena.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH_ROOM = 128, STEP_MS = 5 };

struct daemon {
	char folder[PATH_ROOM];
	pid_t pid; /* 0: not running */
	int status;
	int notify_fd;
	char *text; /* the latest of daemon_log(), daemon_output() */
	void (*prepare)(void *user);
	void *prepare_user;
};

static void path_of(const struct daemon *d, const char *name, char path[PATH_ROOM])
{
	snprintf(path, PATH_ROOM, "%.100s/%s", d->folder, name);
}

struct daemon *daemon_new(void)
{
	struct daemon *d = as_xalloc(sizeof *d);
	const char *base = getenv("TMPDIR");
	if (!base || strlen(base) > 60)
		base = "/tmp";
	snprintf(d->folder, sizeof d->folder, "%s/assayd-test.XXXXXX", base);
	if (!mkdtemp(d->folder))
		abort();
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%.90s/notify", d->folder);
	d->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (d->notify_fd < 0 || bind(d->notify_fd, (struct sockaddr *)&address, sizeof address) != 0)
		abort();
	return d;
}

const char *daemon_folder(const struct daemon *d)
{
	return d->folder;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw; /* everything goes */
	return remove(path);
}

void daemon_free(struct daemon *d)
{
	if (!d)
		return;
	if (d->pid) {
		kill(d->pid, SIGKILL);
		daemon_wait_end(d);
	}
	close(d->notify_fd);
	nftw(d->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(d->text);
	free(d);
}

void daemon_configure(struct daemon *d, const char *text)
{
	char path[PATH_ROOM];
	path_of(d, "assay.conf", path);
	FILE *file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

void daemon_prepare(struct daemon *d, void (*prepare)(void *user), void *user)
{
	d->prepare = prepare;
	d->prepare_user = user;
}

static void redirect(const struct daemon *d, const char *name, int to)
{
	char path[PATH_ROOM];
	path_of(d, name, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	if (fd < 0 || dup2(fd, to) < 0)
		_exit(126);
	close(fd);
}

void daemon_spawn(struct daemon *d, const char *const *arguments)
{
	enum { ARGUMENTS = 8 };
	const char *argv[ARGUMENTS + 2] = { AS_TEST_BUILDDIR "/milter/assayd" };
	for (size_t i = 0; i < ARGUMENTS && arguments[i]; i++)
		argv[i + 1] = arguments[i];
	char notify[PATH_ROOM];
	path_of(d, "notify", notify);
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		abort();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing running */
		redirect(d, "stdout", STDOUT_FILENO);
		redirect(d, "stderr", STDERR_FILENO);
		setenv("NOTIFY_SOCKET", notify, 1);
		if (d->prepare)
			d->prepare(d->prepare_user);
		execv(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	d->pid = pid;
}

bool daemon_start(struct daemon *d)
{
	char path[PATH_ROOM];
	path_of(d, "assay.conf", path);
	daemon_spawn(d, (const char *const[]){ "-f", "-c", path, NULL });
	return daemon_wait_state(d, "READY=1");
}

void daemon_signal(const struct daemon *d, int number)
{
	if (d->pid)
		kill(d->pid, number);
}

pid_t daemon_pid(const struct daemon *d)
{
	return d->pid;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

static bool has_ended(struct daemon *d)
{
	int status;
	if (d->pid && waitpid(d->pid, &status, WNOHANG) == d->pid) {
		d->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		d->pid = 0;
	}
	return !d->pid;
}

int daemon_wait_end(struct daemon *d)
{
	for (int ms = 0; ms < DAEMON_WAIT_MS; ms += STEP_MS) {
		if (has_ended(d))
			return d->status;
		pause_ms(STEP_MS);
	}
	return -1;
}

int daemon_stop(struct daemon *d)
{
	daemon_signal(d, SIGTERM);
	return daemon_wait_end(d);
}

bool daemon_wait_state(struct daemon *d, const char *state)
{
	for (int ms = 0; ms < DAEMON_WAIT_MS; ms += STEP_MS) {
		char text[256];
		struct pollfd wait = { .fd = d->notify_fd, .events = POLLIN };
		if (poll(&wait, 1, STEP_MS) == 1) {
			ssize_t n = recv(d->notify_fd, text, sizeof text - 1, 0);
			text[n > 0 ? n : 0] = 0;
			if (strncmp(text, state, strlen(state)) == 0)
				return true;
		} else if (has_ended(d)) {
			return false;
		}
	}
	return false;
}

static const char *read_file(struct daemon *d, const char *name)
{
	char path[PATH_ROOM];
	path_of(d, name, path);
	free(d->text);
	d->text = as_xstrdup("");
	FILE *file = fopen(path, "r");
	if (!file)
		return d->text;
	size_t used = 0, n;
	do {
		d->text = as_xrealloc(d->text, used + 65536 + 1);
		n = fread(d->text + used, 1, 65536, file);
		used += n;
	} while (n > 0);
	d->text[used] = 0;
	fclose(file);
	return d->text;
}

const char *daemon_log(struct daemon *d)
{
	return read_file(d, "stderr");
}

const char *daemon_output(struct daemon *d)
{
	return read_file(d, "stdout");
}

bool daemon_wait_log(struct daemon *d, const char *text)
{
	for (int ms = 0; ms < DAEMON_WAIT_MS; ms += STEP_MS) {
		if (strstr(daemon_log(d), text))
			return true;
		pause_ms(STEP_MS);
	}
	return false;
}

bool daemon_wait_statistics(struct daemon *d, const char *text)
{
	char wanted[128];
	snprintf(wanted, sizeof wanted, "statistics: %s", text);
	for (int ms = 0; ms < DAEMON_WAIT_MS; ms += STEP_MS) {
		size_t before = strlen(daemon_log(d));
		daemon_signal(d, SIGUSR2);
		pause_ms(STEP_MS);
		if (strlen(daemon_log(d)) > before && strstr(d->text + before, wanted))
			return true;
	}
	return false;
}

unsigned daemon_descriptors(const struct daemon *d)
{
	char path[64];
	unsigned n = 0;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)d->pid);
	DIR *folder = opendir(path);
	while (folder && readdir(folder))
		n++;
	if (folder)
		closedir(folder);
	return n > 2 ? n - 2 : 0; /* "." and ".." */
}

static unsigned long status_kb(const struct daemon *d, const char *key)
{
	char path[64], line[128];
	unsigned long kb = 0;
	snprintf(path, sizeof path, "/proc/%d/status", (int)d->pid);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file)) {
		if (strncmp(line, key, strlen(key)) == 0)
			kb = strtoul(line + strlen(key), NULL, 10);
	}
	if (file)
		fclose(file);
	return kb;
}

unsigned long daemon_memory_kb(const struct daemon *d)
{
	return status_kb(d, "VmRSS:");
}

unsigned long daemon_memory_peak_kb(const struct daemon *d)
{
	return status_kb(d, "VmHWM:");
}

void daemon_limit_memory(const struct daemon *d, long more_kb)
{
	rlim_t most = more_kb < 0 ? RLIM_INFINITY : (rlim_t)(status_kb(d, "VmData:") + (unsigned long)more_kb) * 1024;
	const struct rlimit limit = { .rlim_cur = most, .rlim_max = RLIM_INFINITY };
	if (prlimit(d->pid, RLIMIT_DATA, &limit, NULL) != 0)
		abort();
}

unsigned daemon_free_port(int family)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr *address = family == AF_INET6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
	socklen_t length = family == AF_INET6 ? sizeof v6 : sizeof v4;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned port = 0;
	if (fd >= 0 && bind(fd, address, length) == 0 && getsockname(fd, address, &length) == 0)
		port = ntohs(family == AF_INET6 ? v6.sin6_port : v4.sin_port);
	if (fd >= 0)
		close(fd);
	return port;
}
