/* SPDX-License-Identifier: BSD-2-Clause */
/* load.c - sends mails through one milter or a chain of milters as Postfix does, and prints what that took as one line of JSON.
 *
 * usage: load -a ADDRESS [-a ADDRESS]... [-p PID]... [-k CONNECTIONS] [-n MESSAGES] [-m PER-CONNECTION] [-w WARM-UP] FILE...
 * Each FILE is a mail; before its header it has one line "CLIENT HELO SENDER". The files are sent in turn. In a chain every command of
 * the dialogue goes to each milter; header and body go to the first, and what it made of the header goes to the next. CPU and memory
 * are those of the PIDs and all their descendants. Messages for warming up go first, one at a time, and count for nothing. Times are in
 * microseconds:
 *   transaction  from connecting (or, later in a connection, from MAIL) to the last verdict
 *   eom          from the first header field to the last verdict: what a client waits for after its final dot
 * Threads and descriptors of the first PID are the most that were seen while messages were under way.
 */
#include "config.h"

#include "common.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { MILTERS_MAX = 4, PIDS_MAX = 64, CONNECTIONS_MAX = 1024 };

enum outcome { ACCEPTED, REJECTED, DEFERRED, LOST, OUTCOMES };
static const char *const outcome_names[OUTCOMES] = { "accepted", "rejected", "deferred", "lost" };

enum { PASSES = 3 };
static const char *const pass_words[PASSES] = { "spf=pass", "dkim=pass", "dmarc=pass" };

struct load {
	const char *addresses[MILTERS_MAX];
	size_t milter_count;
	pid_t pids[PIDS_MAX];
	size_t pid_count;
	unsigned long connections, messages, per_connection, warm_up;
	struct mail *mails;
	size_t mail_count;
	/* of one run */
	unsigned long total;
	atomic_ulong next;
	atomic_ulong outcomes[OUTCOMES], passes[PASSES];
	double *transaction_us, *eom_us;
	atomic_bool is_over;
	long threads, descriptors; /* the most that was seen */
};

/* The connection of one thread to all milters of the chain. */
struct chain {
	struct milter_client *milters[MILTERS_MAX];
	enum milter_answer greetings[MILTERS_MAX]; /* MILTER_CONTINUE: it wants the connection's messages */
	enum milter_answer answers[MILTERS_MAX];   /* MILTER_CONTINUE: it wants header and body */
	unsigned long left; /* messages until it is closed; 0: not open */
};

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* --- header edits ---------------------------------------------------------------------------------------------------- */

/* Where the index-th field of that name is, from 1; field_count: nowhere. */
static size_t find_field(const struct mail *mail, const char *name, uint32_t index)
{
	for (size_t i = 0; i < mail->field_count; i++)
		if (strcasecmp(mail->fields[i].name, name) == 0 && index-- <= 1)
			return i;
	return mail->field_count;
}

static void insert_field(struct mail *mail, size_t at, struct mail_field field)
{
	memmove(&mail->fields[at + 1], &mail->fields[at], (mail->field_count - at) * sizeof *mail->fields);
	mail->fields[at] = field;
	mail->field_count++;
}

static void remove_field(struct mail *mail, size_t at)
{
	mail->field_count--;
	memmove(&mail->fields[at], &mail->fields[at + 1], (mail->field_count - at) * sizeof *mail->fields);
}

/* mail->fields is ours and has room. */
static void apply_edit(struct as_arena *arena, struct mail *mail, const struct milter_edit *edit, bool has_space)
{
	struct mail_field field = { edit->name, has_space ? edit->value : as_printf(arena, " %s", edit->value) };
	size_t at = mail->field_count;
	if (edit->kind == 'i' && edit->index <= mail->field_count)
		at = edit->index > 0 ? edit->index - 1 : 0;
	if (edit->kind == 'm')
		at = find_field(mail, edit->name, edit->index);
	if (edit->kind != 'm' || (at == mail->field_count && *edit->value))
		insert_field(mail, at, field);
	else if (at < mail->field_count && *edit->value)
		mail->fields[at] = field;
	else if (at < mail->field_count)
		remove_field(mail, at);
}

static struct mail edited(struct as_arena *arena, const struct mail *mail, const struct milter_client *milter,
			  const struct milter_result *result)
{
	struct mail copy = *mail;
	copy.fields = as_alloc_array(arena, mail->field_count + result->edit_count, sizeof *copy.fields);
	memcpy(copy.fields, mail->fields, mail->field_count * sizeof *copy.fields);
	for (size_t i = 0; i < result->edit_count; i++)
		apply_edit(arena, &copy, &result->edits[i], milter_terms(milter)->steps & MILTER_HEADER_LEADING_SPACE);
	return copy;
}

static void count_passes(struct load *load, const struct milter_result *result, bool *seen)
{
	for (size_t word = 0; word < PASSES; word++)
		for (size_t i = 0; i < result->edit_count && !seen[word]; i++)
			if (strstr(result->edits[i].value, pass_words[word])) {
				seen[word] = true;
				load->passes[word]++;
			}
}

/* --- one message ------------------------------------------------------------------------------------------------------ */

static enum outcome outcome_of(enum milter_answer answer, const char *text)
{
	if (answer == MILTER_CONTINUE || answer == MILTER_ACCEPT || answer == MILTER_DISCARD)
		return ACCEPTED;
	if (answer == MILTER_REJECT || (answer == MILTER_REPLY && text[0] == '5'))
		return REJECTED;
	return answer == MILTER_TEMPFAIL || answer == MILTER_REPLY ? DEFERRED : LOST;
}

static void close_chain(const struct load *load, struct chain *chain)
{
	for (size_t i = 0; i < load->milter_count; i++) {
		milter_quit(chain->milters[i]);
		milter_close(chain->milters[i]);
	}
	chain->left = 0;
}

static void open_chain(const struct load *load, struct chain *chain, const struct mail *mail)
{
	for (size_t i = 0; i < load->milter_count; i++) {
		chain->milters[i] = mail_connect(load->addresses[i]);
		chain->greetings[i] = mail_greeting(chain->milters[i], mail);
	}
	chain->left = load->per_connection;
}

static void send_envelope(const struct load *load, struct chain *chain, const struct mail *mail)
{
	for (size_t i = 0; i < load->milter_count; i++)
		chain->answers[i] = chain->greetings[i] == MILTER_CONTINUE ? mail_envelope(chain->milters[i], mail) : chain->greetings[i];
}

/* Header, body and end of message through the chain, until a milter refuses. */
static enum outcome send_content(struct load *load, struct chain *chain, struct mail mail)
{
	struct as_arena *arena = as_arena_new();
	enum outcome outcome = ACCEPTED;
	bool seen[PASSES] = { false };
	for (size_t i = 0; i < load->milter_count && outcome == ACCEPTED; i++) {
		struct milter_client *milter = chain->milters[i];
		enum milter_answer answer = chain->answers[i];
		if (answer == MILTER_CONTINUE)
			answer = mail_content(milter, &mail);
		if (answer != MILTER_CONTINUE) {
			outcome = outcome_of(answer, milter_reply_text(milter));
			continue;
		}
		const struct milter_result *result = milter_eom(milter);
		outcome = outcome_of(result->answer, result->text);
		count_passes(load, result, seen);
		mail = edited(arena, &mail, milter, result);
	}
	as_arena_free(arena);
	return outcome;
}

static void send_mail(struct load *load, struct chain *chain, unsigned long number)
{
	const struct mail *mail = &load->mails[number % load->mail_count];
	double begin = now_us();
	if (chain->left == 0)
		open_chain(load, chain, mail);
	send_envelope(load, chain, mail);
	double content = now_us();
	enum outcome outcome = send_content(load, chain, *mail);
	double end = now_us();
	load->transaction_us[number] = end - begin;
	load->eom_us[number] = end - content;
	load->outcomes[outcome]++;
	if (--chain->left == 0 || outcome == LOST) {
		close_chain(load, chain);
		return;
	}
	for (size_t i = 0; i < load->milter_count; i++) /* as Postfix does between messages */
		milter_abort(chain->milters[i]);
}

/* --- a run ------------------------------------------------------------------------------------------------------------ */

static void *run_thread(void *context)
{
	struct load *load = context;
	struct chain chain = { .left = 0 };
	for (unsigned long number; (number = load->next++) < load->total;)
		send_mail(load, &chain, number);
	if (chain.left > 0)
		close_chain(load, &chain);
	return NULL;
}

/* Looks at the first process every few milliseconds. */
static void *sample_thread(void *context)
{
	struct load *load = context;
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	while (!load->is_over) {
		long threads = process_status(load->pids[0], "Threads:"), descriptors = process_descriptors(load->pids[0]);
		load->threads = threads > load->threads ? threads : load->threads;
		load->descriptors = descriptors > load->descriptors ? descriptors : load->descriptors;
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Returns its seconds. */
static double run(struct load *load, unsigned long messages, unsigned long connections)
{
	pthread_t threads[CONNECTIONS_MAX];
	load->total = messages;
	atomic_store(&load->next, 0);
	for (size_t i = 0; i < OUTCOMES; i++)
		atomic_store(&load->outcomes[i], 0);
	for (size_t i = 0; i < PASSES; i++)
		atomic_store(&load->passes[i], 0);
	double begin = now_us();
	for (size_t i = 0; i < connections; i++)
		if (pthread_create(&threads[i], NULL, run_thread, load) != 0)
			bench_die("thread");
	for (size_t i = 0; i < connections; i++)
		pthread_join(threads[i], NULL);
	return (now_us() - begin) / 1e6;
}

struct usage {
	double cpu_us;
	long peak_kb;   /* the most that each process had, shared pages counted in each */
	long resident_kb; /* now, counted like the peak */
	long memory_kb;   /* now, shared pages once */
};

static struct usage measure(const struct load *load)
{
	struct usage usage = { 0 };
	for (size_t i = 0; i < load->pid_count; i++) {
		pid_t pids[PIDS_MAX];
		size_t count = process_family(load->pids[i], pids, PIDS_MAX);
		for (size_t j = 0; j < count; j++) {
			usage.cpu_us += process_cpu_us(pids[j]);
			long peak = process_status(pids[j], "VmHWM:");
			usage.peak_kb += peak > 0 ? peak : 0;
			long resident = process_status(pids[j], "VmRSS:");
			usage.resident_kb += resident > 0 ? resident : 0;
			usage.memory_kb += process_memory_kb(pids[j]);
		}
	}
	return usage;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void print_times(const char *name, double *us, unsigned long count)
{
	qsort(us, count, sizeof *us, by_size);
	printf(", \"%s_us\": {\"p50\": %.0f, \"p90\": %.0f, \"p99\": %.0f, \"max\": %.0f}", name, us[count / 2], us[count * 9 / 10],
	       us[count * 99 / 100], us[count - 1]);
}

static void print_run(struct load *load, double seconds, const struct usage *before, const struct usage *after)
{
	double messages = (double)load->messages;
	printf("{\"messages\": %lu, \"connections\": %lu, \"seconds\": %.3f, \"rate\": %.1f", load->messages, load->connections, seconds,
	       messages / seconds);
	printf(", \"cpu_us\": %.1f, \"memory_kb\": %ld, \"peak_kb\": %ld", (after->cpu_us - before->cpu_us) / messages, after->memory_kb,
	       after->peak_kb);
	printf(", \"before_kb\": %ld, \"threads\": %ld, \"descriptors\": %ld", before->resident_kb, load->threads, load->descriptors);
	print_times("eom", load->eom_us, load->messages);
	print_times("transaction", load->transaction_us, load->messages);
	for (size_t i = 0; i < OUTCOMES; i++)
		printf(", \"%s\": %lu", outcome_names[i], atomic_load(&load->outcomes[i]));
	for (size_t i = 0; i < PASSES; i++)
		printf(", \"%s\": %lu", pass_words[i], atomic_load(&load->passes[i]));
	puts("}");
}

static size_t parse_options(struct load *load, int argc, char **argv)
{
	for (int option; (option = getopt(argc, argv, "a:k:m:n:p:w:")) != -1;) {
		unsigned long number = optarg ? strtoul(optarg, NULL, 10) : 0;
		if (option == 'a' && load->milter_count < MILTERS_MAX)
			load->addresses[load->milter_count++] = optarg;
		else if (option == 'p' && load->pid_count < PIDS_MAX)
			load->pids[load->pid_count++] = (pid_t)number;
		else if (option == 'k')
			load->connections = number;
		else if (option == 'm')
			load->per_connection = number;
		else if (option == 'n')
			load->messages = number;
		else if (option == 'w')
			load->warm_up = number;
		else
			return 0;
	}
	bool is_right = load->milter_count > 0 && load->messages > 0 && load->per_connection > 0 && load->connections > 0;
	return is_right && load->connections <= CONNECTIONS_MAX ? (size_t)(argc - optind) : 0;
}

int main(int argc, char **argv)
{
	struct load load = { .connections = 1, .messages = 1000, .per_connection = 1 };
	load.mail_count = parse_options(&load, argc, argv);
	if (load.mail_count == 0) {
		fputs("usage: load -a ADDRESS [-a ADDRESS]... [-p PID]... [-k CONNECTIONS] [-n MESSAGES] [-m PER-CONNECTION] [-w WARM-UP]"
		      " FILE...\n", stderr);
		return EXIT_FAILURE;
	}
	struct as_arena *arena = as_arena_new();
	load.mails = mails_read(arena, argv + optind, load.mail_count);
	unsigned long most = load.messages > load.warm_up ? load.messages : load.warm_up;
	load.transaction_us = as_alloc_array(arena, most, sizeof *load.transaction_us);
	load.eom_us = as_alloc_array(arena, most, sizeof *load.eom_us);
	run(&load, load.warm_up, 1);
	struct usage before = measure(&load);
	pthread_t sampler;
	if (pthread_create(&sampler, NULL, sample_thread, &load) != 0)
		bench_die("thread");
	double seconds = run(&load, load.messages, load.connections);
	struct usage after = measure(&load);
	load.is_over = true;
	pthread_join(sampler, NULL);
	print_run(&load, seconds, &before, &after);
	as_arena_free(arena);
	return load.outcomes[LOST] ? EXIT_FAILURE : EXIT_SUCCESS;
}
