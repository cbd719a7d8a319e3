/* SPDX-License-Identifier: BSD-2-Clause */
/* common.c - mails in files, their way through a milter, and what a process has used. */
#include "config.h"

#include "common.h"

#include "str.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Stages that a milter can do without, SMFIP_NO*. */
enum { NO_CONNECT = 0x1, NO_HELO = 0x2, NO_MAIL = 0x4, NO_RCPT = 0x8, NO_BODY = 0x10, NO_HEADERS = 0x20, NO_EOH = 0x40 };

_Noreturn void bench_die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* --- mails ---------------------------------------------------------------------------------------------------------- */

static char *read_file(struct as_arena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		bench_die(path);
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
	char *rest = NULL, *line = strsep(&text, "\n");
	mail->client = strtok_r(line, " ", &rest);
	mail->helo = strtok_r(NULL, " ", &rest);
	mail->sender = strtok_r(NULL, " \r", &rest);
	while ((line = strsep(&text, "\n")) && *line && *line != '\r') {
		line[strcspn(line, "\r")] = '\0';
		if (as_is_wsp(*line) && mail->field_count > 0) {
			const char **value = &mail->fields[mail->field_count - 1].value;
			*value = as_printf(arena, "%s\n%s", *value, line);
			continue;
		}
		char *colon = strchr(line, ':');
		if (!colon)
			bench_die("not a mail");
		*colon = '\0';
		mail->fields = as_grow(arena, mail->fields, mail->field_count, sizeof *mail->fields);
		mail->fields[mail->field_count++] = (struct mail_field){ line, colon + 1 };
	}
	struct as_buf body = as_buf_new(arena);
	while (text && (line = strsep(&text, "\n")) && (text || *line)) {
		line[strcspn(line, "\r")] = '\0';
		as_buf_puts(&body, line);
		as_buf_puts(&body, "\r\n");
	}
	mail->body = body.text;
	mail->body_size = body.length;
}

struct mail *mails_read(struct as_arena *arena, char *const *paths, size_t count)
{
	struct mail *mails = as_alloc_array(arena, count, sizeof *mails);
	for (size_t i = 0; i < count; i++) {
		parse(arena, read_file(arena, paths[i]), &mails[i]);
		if (!mails[i].sender)
			bench_die("no envelope in a mail");
	}
	return mails;
}

/* --- the way through a milter --------------------------------------------------------------------------------------- */

struct milter_client *mail_connect(const char *address)
{
	struct milter_client *milter = milter_open(address);
	if (!milter || !milter_negotiate(milter, 6, MILTER_ALL_ACTIONS, MILTER_ALL_STEPS))
		bench_die("no connection to the milter");
	return milter;
}

static bool is_wanted(const struct milter_client *milter, uint32_t step)
{
	return !(milter_terms(milter)->steps & step);
}

static bool goes_on(enum milter_answer answer)
{
	return answer == MILTER_SILENT || answer == MILTER_CONTINUE || answer == MILTER_SKIP;
}

enum milter_answer mail_greeting(struct milter_client *milter, const struct mail *mail)
{
	enum milter_answer answer = MILTER_CONTINUE;
	milter_macros(milter, 'C', (const char *const[]){ "j", "mx.example.net", "{daemon_name}", "smtpd", "v", "Postfix 3.7", NULL });
	if (is_wanted(milter, NO_CONNECT))
		answer = milter_connect(milter, mail->helo, strchr(mail->client, ':') ? '6' : '4', 25, mail->client);
	if (goes_on(answer) && is_wanted(milter, NO_HELO))
		answer = milter_helo(milter, mail->helo);
	return goes_on(answer) ? MILTER_CONTINUE : answer;
}

enum milter_answer mail_envelope(struct milter_client *milter, const struct mail *mail)
{
	const char *const recipient = "<alice@example.net>";
	enum milter_answer answer = MILTER_CONTINUE;
	milter_macros(milter, 'M', (const char *const[]){ "{mail_addr}", mail->sender, "{mail_mailer}", "smtp", NULL });
	if (is_wanted(milter, NO_MAIL))
		answer = milter_mail(milter, mail->sender);
	milter_macros(milter, 'R', (const char *const[]){ "{rcpt_addr}", recipient, "{rcpt_mailer}", "local", NULL });
	if (goes_on(answer) && is_wanted(milter, NO_RCPT))
		answer = milter_rcpt(milter, recipient);
	milter_macros(milter, 'T', (const char *const[]){ "i", "4XyZ", NULL });
	if (goes_on(answer))
		answer = milter_data(milter);
	return goes_on(answer) ? MILTER_CONTINUE : answer;
}

enum milter_answer mail_content(struct milter_client *milter, const struct mail *mail)
{
	const char *const queue_id[] = { "i", "4XyZ", NULL };
	enum milter_answer answer = MILTER_CONTINUE;
	for (size_t i = 0; i < mail->field_count && goes_on(answer) && is_wanted(milter, NO_HEADERS); i++) {
		milter_macros(milter, 'L', queue_id);
		answer = milter_header(milter, mail->fields[i].name, mail->fields[i].value);
	}
	milter_macros(milter, 'N', queue_id);
	if (goes_on(answer) && is_wanted(milter, NO_EOH))
		answer = milter_eoh(milter);
	if (goes_on(answer) && is_wanted(milter, NO_BODY))
		answer = milter_body(milter, mail->body, mail->body_size);
	milter_macros(milter, 'E', queue_id);
	return goes_on(answer) ? MILTER_CONTINUE : answer;
}

/* --- what a process has used ---------------------------------------------------------------------------------------- */

struct stat_line {
	pid_t parent;
	unsigned long user, system; /* ticks */
};

static bool read_stat(pid_t pid, struct stat_line *stat)
{
	char path[64], text[1024];
	int parent = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	char *line = file ? fgets(text, sizeof text, file) : NULL;
	if (file)
		fclose(file);
	char *after_name = line ? strrchr(text, ')') : NULL;
	const char *format = " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu";
	if (!after_name || sscanf(after_name + 1, format, &parent, &stat->user, &stat->system) != 3)
		return false;
	stat->parent = parent;
	return true;
}

static bool has(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* One pass over /proc that adds children of those known; true: something was new. */
static bool add_children(pid_t *pids, size_t *count, size_t room)
{
	size_t before = *count;
	DIR *folder = opendir("/proc");
	if (!folder)
		bench_die("/proc");
	for (const struct dirent *entry; (entry = readdir(folder)) && *count < room;) {
		struct stat_line stat;
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid > 0 && !has(pids, *count, pid) && read_stat(pid, &stat) && has(pids, *count, stat.parent))
			pids[(*count)++] = pid;
	}
	closedir(folder);
	return *count > before;
}

size_t process_family(pid_t pid, pid_t *pids, size_t room)
{
	size_t count = 1;
	pids[0] = pid;
	while (count < room && add_children(pids, &count, room))
		;
	return count;
}

static long read_number(pid_t pid, const char *file_name, const char *field)
{
	char path[64], line[256];
	long value = -1;
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file_name);
	FILE *file = fopen(path, "r");
	if (!file)
		return -1;
	while (fgets(line, sizeof line, file))
		if (strncmp(line, field, strlen(field)) == 0)
			value = strtol(line + strlen(field), NULL, 10);
	fclose(file);
	return value;
}

long process_status(pid_t pid, const char *field)
{
	return read_number(pid, "status", field);
}

long process_memory_kb(pid_t pid)
{
	long kb = read_number(pid, "smaps_rollup", "Pss:");
	return kb > 0 ? kb : 0;
}

long process_descriptors(pid_t pid)
{
	char path[64];
	long n = 0;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *folder = opendir(path);
	if (!folder)
		return -1;
	for (const struct dirent *entry; (entry = readdir(folder));)
		n += entry->d_name[0] != '.';
	closedir(folder);
	return n;
}

double process_cpu_us(pid_t pid)
{
	struct stat_line stat;
	return read_stat(pid, &stat) ? (double)(stat.user + stat.system) * 1e6 / (double)sysconf(_SC_CLK_TCK) : 0.0;
}
