/* SPDX-License-Identifier: BSD-2-Clause */
/* soak.c - sends messages to a running assayd over the milter protocol and prints what the process holds as it goes.
 *
 * usage: soak ADDRESS PID MESSAGES CONNECTIONS SAMPLES FILE...
 * Each FILE is a mail; before its header it has one line "CLIENT HELO SENDER". The files are sent in turn, CONNECTIONS at a time. A "#"
 * in SENDER becomes the number of the message, so that it is new every time. SAMPLES lines come out, under a line of headings: seconds
 * since 1970, messages, answers by kind, resident kB, open descriptors, threads, CPU microseconds per message since the last line.
 */
#include "config.h"

#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONNECTIONS_MAX = 256, SENDER_MAX = 256 };

struct answers {
	unsigned long accepted, rejected, deferred, lost;
};

static struct milter_client *begin(const char *address, const struct mail *like, unsigned long number)
{
	struct mail copy = *like, *mail = &copy;
	char sender[SENDER_MAX];
	const char *mark = strchr(like->sender, '#');
	if (mark) {
		snprintf(sender, sizeof sender, "%.*s%lu%s", (int)(mark - like->sender), like->sender, number, mark + 1);
		mail->sender = sender;
	}
	struct milter_client *milter = mail_connect(address);
	enum milter_answer answer = mail_greeting(milter, mail);
	if (answer == MILTER_CONTINUE)
		answer = mail_envelope(milter, mail);
	if (answer == MILTER_CONTINUE)
		answer = mail_content(milter, mail);
	if (answer != MILTER_CONTINUE)
		bench_die("an answer before the end of the message");
	milter_eom_send(milter);
	return milter;
}

static void end(struct milter_client *milter, struct answers *answers)
{
	const struct milter_result *result = milter_eom_read(milter);
	if (result->answer == MILTER_CONTINUE || result->answer == MILTER_ACCEPT)
		answers->accepted++;
	else if (result->answer == MILTER_REPLY && result->text[0] == '5')
		answers->rejected++;
	else if (result->answer == MILTER_REPLY && result->text[0] == '4')
		answers->deferred++;
	else
		answers->lost++;
	milter_quit(milter);
	milter_close(milter);
}

static void print_line(pid_t pid, unsigned long sent, unsigned long since, double us, const struct answers *a)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	printf("%8.1f %8lu %9lu %8lu %8lu %6lu %11ld %6ld %8ld %10.0f\n", (double)now.tv_sec + (double)now.tv_nsec / 1e9, sent, a->accepted,
	       a->rejected, a->deferred, a->lost, process_status(pid, "VmRSS:"), process_descriptors(pid), process_status(pid, "Threads:"),
	       since ? us / (double)since : 0.0);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc < 7) {
		fputs("usage: soak ADDRESS PID MESSAGES CONNECTIONS SAMPLES FILE...\n", stderr);
		return EXIT_FAILURE;
	}
	const char *address = argv[1];
	pid_t pid = (pid_t)strtol(argv[2], NULL, 10);
	unsigned long messages = strtoul(argv[3], NULL, 10), connections = strtoul(argv[4], NULL, 10),
		      samples = strtoul(argv[5], NULL, 10);
	size_t mail_count = (size_t)argc - 6;
	if (connections == 0 || connections > CONNECTIONS_MAX || samples == 0 || messages < samples)
		bench_die("1 to 256 connections, as many messages as samples or more");
	struct as_arena *arena = as_arena_new();
	struct mail *mails = mails_read(arena, argv + 6, mail_count);
	struct answers answers = { 0 };
	struct milter_client *open[CONNECTIONS_MAX];
	unsigned long sent = 0, printed = 0;
	double before = process_cpu_us(pid);
	puts("     seconds messages  accepted rejected deferred   lost resident-kB    fds  threads cpu-us/msg");
	print_line(pid, 0, 0, 0, &answers);
	while (sent < messages) {
		unsigned long n = messages - sent < connections ? messages - sent : connections;
		for (unsigned long i = 0; i < n; i++)
			open[i] = begin(address, &mails[(sent + i) % mail_count], sent + i);
		for (unsigned long i = 0; i < n; i++)
			end(open[i], &answers);
		sent += n;
		if (sent - printed < messages / samples && sent < messages)
			continue;
		double now = process_cpu_us(pid);
		print_line(pid, sent, sent - printed, now - before, &answers);
		printed = sent;
		before = now;
	}
	as_arena_free(arena);
	return answers.lost ? EXIT_FAILURE : EXIT_SUCCESS;
}
