/* SPDX-License-Identifier: BSD-2-Clause */
/* idle.c - what connections that do nothing cost, as one line of JSON.
 *
 * usage: idle ADDRESS PID CONNECTIONS FILE
 * Opens the connections as Postfix does and greets; then each sends the mail FILE; then all are closed. What the process holds is told
 * before, after each of these, at the end, and some seconds later.
 */
#include "config.h"

#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	CONNECTIONS_MAX = 10000,
	SOON_S = 1,   /* what was closed is noticed */
	LATER_S = 12, /* what was freed is given back */
};

static void tell(const char *name, pid_t pid, time_t rest_s, const char *end)
{
	nanosleep(&(struct timespec){ .tv_sec = rest_s }, NULL);
	printf("\"%s\": {\"memory_kb\": %ld, \"threads\": %ld, \"descriptors\": %ld}%s", name, process_memory_kb(pid),
	       process_status(pid, "Threads:"), process_descriptors(pid), end);
}

static void send_mail(struct milter_client *milter, const struct mail *mail)
{
	enum milter_answer answer = mail_envelope(milter, mail);
	if (answer == MILTER_CONTINUE)
		answer = mail_content(milter, mail);
	if (answer != MILTER_CONTINUE || milter_eom(milter)->answer == MILTER_LOST)
		bench_die("a message was not taken");
	milter_abort(milter); /* as Postfix does between messages */
	milter_flush(milter);
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fputs("usage: idle ADDRESS PID CONNECTIONS FILE\n", stderr);
		return EXIT_FAILURE;
	}
	pid_t pid = (pid_t)strtol(argv[2], NULL, 10);
	unsigned long count = strtoul(argv[3], NULL, 10);
	if (count == 0 || count > CONNECTIONS_MAX)
		bench_die("1 to 10000 connections");
	struct as_arena *arena = as_arena_new();
	struct mail *mail = mails_read(arena, argv + 4, 1);
	struct milter_client **open = as_alloc_array(arena, count, sizeof(struct milter_client *));
	printf("{\"connections\": %lu, ", count);
	tell("before", pid, SOON_S, ", ");
	for (unsigned long i = 0; i < count; i++) {
		open[i] = mail_connect(argv[1]);
		mail_greeting(open[i], mail);
		milter_flush(open[i]);
	}
	tell("greeted", pid, SOON_S, ", ");
	for (unsigned long i = 0; i < count; i++)
		send_mail(open[i], mail);
	tell("used", pid, SOON_S, ", ");
	for (unsigned long i = 0; i < count; i++) {
		milter_quit(open[i]);
		milter_close(open[i]);
	}
	tell("after", pid, SOON_S, ", ");
	tell("later", pid, LATER_S, "}\n");
	as_arena_free(arena);
	return EXIT_SUCCESS;
}
