/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon.h - runs the built milter/assayd for tests: a folder, a configuration, its log, its notifications, its end. */
#ifndef AS_TEST_DAEMON_H
#define AS_TEST_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct daemon;

enum { DAEMON_WAIT_MS = 60000 }; /* patience before a test fails */

/* A folder of its own below $TMPDIR; nothing runs yet. */
struct daemon *daemon_new(void);
const char *daemon_folder(const struct daemon *d);
/* Ends what still runs, removes the folder. */
void daemon_free(struct daemon *d);

/* Writes the configuration file. */
void daemon_configure(struct daemon *d, const char *text);

/* Called in the child of every start from now on, after stdout and stderr have been redirected: limits, closed descriptors. */
void daemon_prepare(struct daemon *d, void (*prepare)(void *user), void *user);

/* Starts `assayd -f -c FILE` and waits until it says READY=1. False: it ended instead; daemon_wait_end() has the status. */
bool daemon_start(struct daemon *d);
/* Starts assayd with these arguments (NULL ends) and does not wait. */
void daemon_spawn(struct daemon *d, const char *const *arguments);

void daemon_signal(const struct daemon *d, int number);
pid_t daemon_pid(const struct daemon *d);
/* Waits for the end: the exit status, 128 + signal, -1 when it does not end. Standard output and error are complete then. */
int daemon_wait_end(struct daemon *d);
/* TERM, then the same. */
int daemon_stop(struct daemon *d);

/* Waits for a state on the notification socket ("RELOADING=1"), in the order they come. */
bool daemon_wait_state(struct daemon *d, const char *state);
/* Waits until standard error has the text; looks at everything since the start of the process. */
bool daemon_wait_log(struct daemon *d, const char *text);
/* Open descriptors of the process; resident memory and its peak in kB. */
unsigned daemon_descriptors(const struct daemon *d);
unsigned long daemon_memory_kb(const struct daemon *d);
unsigned long daemon_memory_peak_kb(const struct daemon *d);
/* What the process has of memory of its own may grow by so much, from now on; DAEMON_MEMORY_FREE: without bound, as before. */
enum { DAEMON_MEMORY_FREE = -1 };
void daemon_limit_memory(const struct daemon *d, long more_kb);
/* Asks for statistics until a line of them has this text. */
bool daemon_wait_statistics(struct daemon *d, const char *text);
/* Standard error and output so far; valid until the next call. */
const char *daemon_log(struct daemon *d);
const char *daemon_output(struct daemon *d);

/* A port of 127.0.0.1 (or ::1) that was free a moment ago. */
unsigned daemon_free_port(int family);

#endif
