/* SPDX-License-Identifier: BSD-2-Clause */
/* common.h - what the benchmark programs share: mails in files, their way through a milter, and what a process has used. */
#ifndef AS_BENCH_COMMON_H
#define AS_BENCH_COMMON_H

#include "arena.h"
#include "milter_client.h"

#include <stddef.h>
#include <sys/types.h>

struct mail_field {
	const char *name, *value; /* the value with its leading space, folds as LF */
};

struct mail {
	const char *client, *helo, *sender;
	size_t field_count;
	struct mail_field *fields;
	const char *body; /* CRLF */
	size_t body_size;
};

/* Says what failed, with errno, and exits. */
_Noreturn void bench_die(const char *what);

/* Reads mails: one line "CLIENT HELO SENDER", then the message. They live as long as the arena. Exits on trouble. */
struct mail *mails_read(struct as_arena *arena, char *const *paths, size_t count);

/* A new connection to a milter, negotiated as Postfix does it. Exits when there is none. */
struct milter_client *mail_connect(const char *address);

/* The stages of a transaction, with Postfix's macros and without the stages that the milter does not want. Each gives the first
 * answer that ends the matter: MILTER_CONTINUE means go on. mail_content() leaves out the end of message. */
enum milter_answer mail_greeting(struct milter_client *milter, const struct mail *mail);
enum milter_answer mail_envelope(struct milter_client *milter, const struct mail *mail);
enum milter_answer mail_content(struct milter_client *milter, const struct mail *mail);

/* The process and its descendants, at most `room` of them, itself first. */
size_t process_family(pid_t pid, pid_t *pids, size_t room);

/* A number of /proc/PID/status, as "Threads:"; -1: there is none. */
long process_status(pid_t pid, const char *field);

/* Its memory in kB at this moment, pages that it shares with others counted in part; 0: the process has gone. */
long process_memory_kb(pid_t pid);

/* Its open descriptors; -1: the process has gone, or is not ours to look at. */
long process_descriptors(pid_t pid);

/* Microseconds on a CPU, user and system, of all threads. 0: the process has gone. */
double process_cpu_us(pid_t pid);

#endif
