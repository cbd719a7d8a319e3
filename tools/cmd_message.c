/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_message.c - `assay message`: judges a mail file with the library that the milter uses, and shows why. */
#include "config.h"

#include "assay.h"

#include "dns_fake.h"
#include "engine.h"
#include "libraries.h"
#include "mailfile.h"
#include "received.h"
#include "relay.h"
#include "str.h"
#include "trace.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct options {
	const char *ip;
	const char *helo;
	const char *from;
	const char **recipients;
	size_t recipient_count;
	const char *config;
	const char *zone;
	const char *hostname;
	const char *time;
	bool is_authenticated;
	const char *login, *mechanism;
	bool wants_json;
	bool is_replay;
	bool has_message_option; /* one that a capture brings itself */
	const char *file;
};

/* Where lookups go: the world, or a zone file. */
struct world {
	struct as_dns_fake *fake;
	const struct as_clock *clock;
	struct as_clock fixed;
	int64_t fixed_s;
	struct as_dns *dns;
};

static const struct option long_options[] = {
	{ "ip", required_argument, NULL, 'i' },       { "helo", required_argument, NULL, 'e' },
	{ "from", required_argument, NULL, 'f' },     { "rcpt", required_argument, NULL, 'r' },
	{ "config", required_argument, NULL, 'c' },   { "dns-zone", required_argument, NULL, 'z' },
	{ "hostname", required_argument, NULL, 'n' }, { "time", required_argument, NULL, 't' },
	{ "authenticated", optional_argument, NULL, 'a' }, { "mechanism", required_argument, NULL, 'm' },
	{ "json", no_argument, NULL, 'j' },           { "replay", no_argument, NULL, 'R' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
	fputs("usage: assay message --ip ADDRESS [--helo NAME] [--from ADDRESS] [--rcpt ADDRESS]...\n"
	      "                     [--config FILE] [--dns-zone FILE] [--hostname NAME] [--time SECONDS]\n"
	      "                     [--authenticated[=NAME]] [--mechanism WORD] [--json] [FILE]\n"
	      "       assay message --replay [--config FILE] [--json] FILE...\n\n"
	      "Judges FILE (or standard input) as assayd would have judged it from that client.\n"
	      "  --ip             address of the SMTP client\n"
	      "  --helo           what it said in HELO or EHLO\n"
	      "  --from           envelope sender; \"\" or \"<>\" is the null sender\n"
	      "  --rcpt           envelope recipient; may be repeated\n"
	      "  --config         an assay.conf; without it the defaults hold\n"
	      "  --dns-zone       answer all lookups from this zone text instead of the network\n"
	      "  --hostname       our name in Authentication-Results\n"
	      "  --time           judge as of that time, in seconds since 1970 UTC\n"
	      "  --authenticated  the client used SMTP AUTH, and logged in with that name\n"
	      "  --mechanism      how it logged in, such as PLAIN; the client used SMTP AUTH\n"
	      "  --json           one line of JSON instead of text\n"
	      "  --replay         judge messages again that assayd captured, files or folders; with more than one\n"
	      "                   only decisions that would change are shown\n",
	      out);
}

static int complain(const char *what, const char *detail, int status)
{
	fprintf(stderr, "assay message: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	return status;
}

/* Returns a status other than EX_OK when the program should end; -1: help was printed. */
static int read_options(int argc, char **argv, struct options *options)
{
	options->recipients = calloc((size_t)argc, sizeof *options->recipients);
	if (!options->recipients)
		as_oom();
	for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
		options->has_message_option |= !strchr("cjRh?", c);
		switch (c) {
		case 'i': options->ip = optarg; break;
		case 'e': options->helo = optarg; break;
		case 'f': options->from = optarg; break;
		case 'r': options->recipients[options->recipient_count++] = optarg; break;
		case 'c': options->config = optarg; break;
		case 'z': options->zone = optarg; break;
		case 'n': options->hostname = optarg; break;
		case 't': options->time = optarg; break;
		case 'a': options->is_authenticated = true; options->login = optarg; break;
		case 'm': options->is_authenticated = true; options->mechanism = optarg; break;
		case 'j': options->wants_json = true; break;
		case 'R': options->is_replay = true; break;
		case 'h': usage(stdout); return -1;
		default: usage(stderr); return EX_USAGE;
		}
	}
	if (options->is_replay)
		return options->has_message_option ? complain("--replay goes with --config and --json alone", NULL, EX_USAGE) : EX_OK;
	if (argc - optind > 1)
		return complain("one FILE at a time", argv[optind + 1], EX_USAGE);
	options->file = optind < argc ? argv[optind] : "-";
	if (!options->ip)
		return complain("--ip ADDRESS is needed", NULL, EX_USAGE);
	return EX_OK;
}

static int64_t fixed_wall_s(void *user)
{
	return *(int64_t *)user;
}

static int64_t system_mono_ms(void *user)
{
	(void)user;
	return as_clock_mono_ms(&as_clock_system);
}

static int set_clock(struct world *world, const char *time)
{
	world->clock = &as_clock_system;
	if (!time)
		return EX_OK;
	char *end;
	errno = 0;
	world->fixed_s = strtoll(time, &end, 10);
	if (errno || end == time || *end || world->fixed_s < 0)
		return complain("--time wants seconds since 1970", time, EX_USAGE);
	world->fixed = (struct as_clock){ fixed_wall_s, system_mono_ms, &world->fixed_s };
	world->clock = &world->fixed;
	return EX_OK;
}

static int open_zone(struct as_arena *arena, struct world *world, const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return complain(path, strerror(errno), EX_NOINPUT);
	struct as_buf zone = as_buf_new(arena);
	char piece[4096];
	for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;)
		as_buf_add(&zone, piece, n);
	fclose(file);
	const char *detail = NULL;
	world->fake = as_dns_fake_new(as_clock_wall_s(world->clock));
	if (as_dns_fake_load(world->fake, arena, zone.text, zone.length, &detail))
		return complain(path, detail, EX_DATAERR);
	world->clock = as_dns_fake_clock(world->fake);
	struct as_dns_options options = { .cache_bytes = 1 << 20, .max_ttl_s = 86400, .failure_ttl_s = 1 };
	world->dns = as_dns_new(as_dns_fake_backend(world->fake), &options, world->clock);
	return EX_OK;
}

static void log_to_stderr(void *user, enum as_log_level level, const char *id, const char *line)
{
	(void)user, (void)level, (void)id;
	fprintf(stderr, "assay message: %s\n", line);
}

static const struct as_log log_sink = { .level = AS_LOG_WARNING, .write = log_to_stderr };

static int open_world(struct as_arena *arena, const struct options *options, const struct as_settings *settings, struct world *world)
{
	int status = set_clock(world, options->time);
	if (status)
		return status;
	if (options->zone)
		return open_zone(arena, world, options->zone);
	const char *state = NULL, *detail = NULL;
	world->dns = as_env_dns(arena, settings, world->clock, &log_sink, &state, &detail);
	if (!world->dns)
		return complain("DNS", detail, EX_CONFIG);
	if (!options->wants_json)
		printf("%-10s %s\n", "DNS", state);
	return EX_OK;
}

static void close_world(struct world *world)
{
	as_dns_unref(world->dns);
	as_dns_fake_free(world->fake);
}

static void print_fields(const struct as_verdict *verdict)
{
	putchar('\n');
	for (size_t i = verdict->edit_count; i > 0; i--) {
		const struct as_edit *edit = &verdict->edits[i - 1];
		if (edit->kind == AS_EDIT_INSERT)
			printf("%s:%s\n", edit->name, edit->value);
	}
}

void as_print_verdict(struct as_message *message, const struct as_verdict *verdict, const char *queue_id, int64_t ms, bool wants_json)
{
	const char *trace = as_trace_make(message, verdict, queue_id, ms), *text;
	if (wants_json) {
		puts(trace);
		return;
	}
	if (as_trace_text(message->arena, trace, &text) == AS_OK)
		fputs(text, stdout);
	print_fields(verdict);
}

/* A mail that was delivered begins with the Received field of our own MTA, which assayd is not shown and which names the relay as the
 * client. Returns its index; mail->count: there is none. */
static size_t own_received(const struct as_settings *settings, const struct as_ip *client, const struct as_mail *mail)
{
	size_t i = 0;
	while (i < mail->count && !as_field_is_addressed(mail->fields[i].name, mail->fields[i].name_length, "Received"))
		i++;
	if (i == mail->count || !as_relay_find(settings, client))
		return mail->count;
	const struct as_mail_field *field = &mail->fields[i];
	struct as_arena *arena = as_arena_new();
	struct as_received received;
	struct as_fields fields; /* for its line ends */
	as_fields_init(&fields, arena, 1, AS_MAIL_MAX);
	as_fields_add(&fields, field->name, field->name_length, field->value, field->value_length);
	const char *trouble = as_received_parse(arena, fields.list[0].value, fields.list[0].value_length, &received);
	as_arena_free(arena);
	return !trouble && as_ip_prefix_equal(&received.client, client, 128) ? i : mail->count;
}

static void judge(struct as_env *env, const struct options *options, const struct as_ip *client, const struct as_mail *mail)
{
	struct as_session *session = as_engine_connect(env, client, NULL, options->hostname);
	if (options->helo)
		as_engine_helo(session, options->helo);
	struct as_message *message = as_engine_mail(session, env, options->from ? options->from : "", options->is_authenticated);
	as_engine_login(message, options->mechanism, options->login);
	for (size_t i = 0; i < options->recipient_count; i++)
		as_engine_rcpt(message, options->recipients[i]);
	size_t own = own_received(env->settings, client, mail);
	for (size_t i = 0; i < mail->count; i++)
		if (i != own)
			as_engine_header(message, mail->fields[i].name, mail->fields[i].name_length, mail->fields[i].value,
					 mail->fields[i].value_length);
	as_engine_eoh(message);
	as_engine_body(message, mail->body, mail->body_size);
	struct as_verdict verdict;
	int64_t begun_ms = as_clock_mono_ms(env->clock);
	as_engine_eom(message, NULL, NULL, NULL, &verdict);
	as_print_verdict(message, &verdict, NULL, as_clock_mono_ms(env->clock) - begun_ms, options->wants_json);
	as_engine_end(message);
	as_engine_close(session);
}

/* Whoever has a configuration may expect that it is the one that is meant. */
static void tell_defaults(const struct options *options)
{
	static const char standard[] = AS_SYSCONFDIR "/assay/assay.conf";
	if (!options->config && !options->wants_json && access(standard, F_OK) == 0)
		printf("%-10s the built-in defaults; --config %s judges as assayd does\n", "Settings", standard);
}

static int judge_in_world(const struct options *options, const struct as_ip *client, const struct as_mail *mail)
{
	const struct as_settings *settings;
	const char *detail = NULL;
	char *trouble = NULL;
	struct world world = { 0 };
	struct as_arena *arena = as_arena_new();
	enum as_err err = as_settings_load(arena, options->config, &settings, &detail);
	if (err) {
		int status = complain(detail, NULL, err == AS_ERR_SYSTEM ? EX_NOINPUT : EX_CONFIG);
		as_arena_free(arena);
		return status;
	}
	tell_defaults(options);
	int status = open_world(arena, options, settings, &world);
	if (status) {
		close_world(&world);
		as_arena_free(arena);
		return status;
	}
	struct as_env *env = as_env_new(arena, settings, as_dns_ref(world.dns), world.clock, &log_sink, &trouble);
	if (env)
		judge(env, options, client, mail);
	else
		status = complain(trouble, NULL, EX_CONFIG);
	as_env_unref(env);
	free(trouble);
	close_world(&world);
	return status;
}

int as_command_message(int argc, char **argv)
{
	struct options options = { 0 };
	struct as_ip client;
	struct as_mail mail;
	int status = read_options(argc, argv, &options);
	if (status == EX_OK && options.is_replay) {
		free(options.recipients);
		return as_replay_files(options.config, options.wants_json, argv + optind);
	}
	struct as_arena *arena = as_arena_new();
	if (status == EX_OK && as_ip_parse(options.ip, &client))
		status = complain("--ip wants an IPv4 or IPv6 address", options.ip, EX_USAGE);
	if (status == EX_OK) {
		enum as_err err = as_mail_read(arena, options.file, &mail);
		if (err)
			status = complain(options.file, err == AS_ERR_SYSTEM ? strerror(errno) : as_err_text(err), EX_NOINPUT);
	}
	if (status == EX_OK) {
		as_libraries_init();
		status = judge_in_world(&options, &client, &mail);
	}
	as_arena_free(arena);
	free(options.recipients);
	return status < 0 ? EX_OK : status;
}
