/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon.h - going to the background, with an exit status that tells whether the start succeeded. */
#ifndef AS_DAEMON_H
#define AS_DAEMON_H

#include <stdbool.h>

struct as_daemon {
	int ready_fd; /* -1: in the foreground */
};

/* Forks. The parent stays until the child is ready or gone and then exits with 0 or the child's status; only the child returns,
 * in a session of its own. False: could not fork (errno). */
bool as_daemon_begin(struct as_daemon *daemon);

/* Lets the parent go and gives up the terminal; standard error stays open when the log goes there. */
void as_daemon_ready(struct as_daemon *daemon, bool keep_stderr);

#endif
