/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon.c - fork, and a pipe that says "ready". */
#include "config.h"

#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static _Noreturn void wait_for_child(pid_t child, int fd)
{
	char byte;
	ssize_t n;
	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(EX_OK);
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE);
}

bool as_daemon_begin(struct as_daemon *daemon)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) != 0)
		return false;
	pid_t child = fork();
	if (child < 0) {
		close(fds[0]);
		close(fds[1]);
		return false;
	}
	if (child > 0) {
		close(fds[1]);
		wait_for_child(child, fds[0]);
	}
	close(fds[0]);
	setsid();
	daemon->ready_fd = fds[1];
	return true;
}

void as_daemon_ready(struct as_daemon *daemon, bool keep_stderr)
{
	if (daemon->ready_fd < 0)
		return;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		if (!keep_stderr)
			dup2(null, STDERR_FILENO);
		close(null);
	}
	(void)!chdir("/");
	(void)!write(daemon->ready_fd, "", 1); /* the parent may have been killed */
	close(daemon->ready_fd);
	daemon->ready_fd = -1;
}
