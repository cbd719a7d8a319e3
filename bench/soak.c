/* SPDX-License-Identifier: BSD-2-Clause */
/* soak.c - sends messages to a running assayd over the milter protocol and prints what the process holds as it goes.
 *
 * usage: soak ADDRESS PID MESSAGES CONNECTIONS FILE...
 * Each FILE is a mail; before its header it has one line "CLIENT HELO SENDER". The files are sent in turn, CONNECTIONS at a time. Ten
 * lines come out: messages, answers by kind, resident kB, open descriptors, threads, CPU microseconds per message since the last line.
 */
#include "config.h"

#include "arena.h"
#include "milter_client.h"
#include "str.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256, FIELDS_MAX = 64, STEPS = 10 };

struct mail {
	char *client, *helo, *sender;
	size_t field_count;
	struct { char *name, *value; } fields[FIELDS_MAX];
	char *body;
	size_t body_size;
};

struct answers {
	unsigned long accepted, rejected, deferred, lost;
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static char *read_file(struct as_arena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		die(path);
	struct as_buf text = as_buf_new(arena);
	char piece[65536];
	for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;)
		as_buf_add(&text, piece, n);
	fclose(file);
	return text.text;
}

/* Line ends become LF in fields, CRLF in the body, as an MTA hands them over. */
static void parse(struct as_arena *arena, char *text, struct mail *mail)
{
	char *rest, *line = strsep(&text, "\n");
	mail->client = strtok_r(line, " ", &rest);
	mail->helo = strtok_r(NULL, " ", &rest);
	mail->sender = strtok_r(NULL, " \r", &rest);
	while ((line = strsep(&text, "\n")) && *line && *line != '\r') {
		line[strcspn(line, "\r")] = '\0';
		if (as_is_wsp(*line) && mail->field_count > 0) {
			char **value = &mail->fields[mail->field_count - 1].value;
			*value = as_printf(arena, "%s\n%s", *value, line);
			continue;
		}
		char *colon = strchr(line, ':');
		if (!colon || mail->field_count == FIELDS_MAX)
			die("not a mail");
		*colon = '\0';
		mail->fields[mail->field_count].name = line;
		mail->fields[mail->field_count++].value = colon + 1;
	}
	struct as_buf body = as_buf_new(arena);
	while (text && (line = strsep(&text, "\n")) && (text || *line)) {
		line[strcspn(line, "\r")] = '\0';
		as_buf_printf(&body, "%s\r\n", line);
	}
	mail->body = body.text;
	mail->body_size = body.length;
}

static struct milter_client *begin(const char *address, const struct mail *mail)
{
	struct milter_client *milter = milter_open(address);
	if (!milter || !milter_negotiate(milter, 6, MILTER_ALL_ACTIONS, MILTER_ALL_STEPS))
		die("no connection");
	milter_macros(milter, 'C', (const char *const[]){ "j", "mx.example.net", NULL });
	milter_connect(milter, "unknown", strchr(mail->client, ':') ? '6' : '4', 25, mail->client);
	milter_helo(milter, mail->helo);
	milter_mail(milter, mail->sender);
	milter_rcpt(milter, "<alice@example.net>");
	milter_data(milter);
	for (size_t i = 0; i < mail->field_count; i++)
		milter_header(milter, mail->fields[i].name, mail->fields[i].value);
	milter_eoh(milter);
	milter_body(milter, mail->body, mail->body_size);
	milter_macros(milter, 'E', (const char *const[]){ "i", "4XyZ", NULL });
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

static long status_field(const char *pid, const char *field)
{
	char path[64], line[256];
	long value = -1;
	snprintf(path, sizeof path, "/proc/%s/status", pid);
	FILE *file = fopen(path, "r");
	if (!file)
		die(path);
	while (fgets(line, sizeof line, file))
		if (strncmp(line, field, strlen(field)) == 0)
			value = strtol(line + strlen(field), NULL, 10);
	fclose(file);
	return value;
}

static int open_descriptors(const char *pid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	DIR *folder = opendir(path);
	int n = -3; /* ".", ".." and none of ours */
	if (!folder)
		die(path);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n + 1;
}

static double cpu_us(const char *pid)
{
	char path[64], text[1024];
	unsigned long user = 0, system = 0;
	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	FILE *file = fopen(path, "r");
	if (!file || !fgets(text, sizeof text, file))
		die(path);
	fclose(file);
	char *after_name = strrchr(text, ')');
	if (after_name)
		sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
	return (double)(user + system) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static void print_line(const char *pid, unsigned long sent, unsigned long since, double us, const struct answers *a)
{
	printf("%8lu %9lu %8lu %8lu %6lu %10ld %6d %8ld %10.0f\n", sent, a->accepted, a->rejected, a->deferred, a->lost,
	       status_field(pid, "VmRSS:"), open_descriptors(pid), status_field(pid, "Threads:"), since ? us / (double)since : 0.0);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc < 6) {
		fputs("usage: soak ADDRESS PID MESSAGES CONNECTIONS FILE...\n", stderr);
		return EXIT_FAILURE;
	}
	const char *address = argv[1], *pid = argv[2];
	unsigned long messages = strtoul(argv[3], NULL, 10), connections = strtoul(argv[4], NULL, 10);
	size_t mail_count = (size_t)argc - 5;
	if (connections == 0 || connections > CONNECTIONS_MAX || messages < STEPS)
		die("1 to 256 connections, 10 messages or more");
	struct as_arena *arena = as_arena_new();
	struct mail *mails = as_alloc_array(arena, mail_count, sizeof *mails);
	for (size_t i = 0; i < mail_count; i++)
		parse(arena, read_file(arena, argv[i + 5]), &mails[i]);
	struct answers answers = { 0 };
	struct milter_client *open[CONNECTIONS_MAX];
	unsigned long sent = 0, printed = 0;
	double before = cpu_us(pid);
	printf("messages  accepted rejected deferred   lost resident-kB    fds  threads cpu-us/msg\n");
	print_line(pid, 0, 0, 0, &answers);
	while (sent < messages) {
		unsigned long n = messages - sent < connections ? messages - sent : connections;
		for (unsigned long i = 0; i < n; i++)
			open[i] = begin(address, &mails[(sent + i) % mail_count]);
		for (unsigned long i = 0; i < n; i++)
			end(open[i], &answers);
		sent += n;
		if (sent - printed < messages / STEPS && sent < messages)
			continue;
		double now = cpu_us(pid);
		print_line(pid, sent, sent - printed, now - before, &answers);
		printed = sent;
		before = now;
	}
	as_arena_free(arena);
	return answers.lost ? EXIT_FAILURE : EXIT_SUCCESS;
}
