/* SPDX-License-Identifier: BSD-2-Clause */
/* run_milter.c - every scenario file again, over a real milter connection: libmilter and the daemon's callbacks in this process, the
 * scenario's fake DNS behind them, a client that speaks like Postfix in front. What the MTA is told must be what the library
 * reported: reply, quarantine, removed and inserted fields. (Bytes that the protocol cannot carry, NUL in a field, are left out.)
 */
#include "config.h"

#include "scenario.h"

#include "callbacks.h"
#include "dns_fake.h"
#include "milter_client.h"

#include <libmilter/mfapi.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The daemon's environment.c is not linked here: this is the environment of the scenario that is running. */
static struct as_env *current;

struct as_env *as_environment_ref(struct as_environment *environment)
{
	(void)environment; /* there is one */
	return as_env_ref(current);
}

static struct as_service service;
static char address[128], folder[64] = "/tmp/assay-scenario-XXXXXX";

static void *serve(void *unused)
{
	(void)unused;
	smfi_main();
	return NULL;
}

static _Noreturn void die(const char *what, const char *detail)
{
	fprintf(stderr, "%s: %s\n", what, detail ? detail : "failed");
	exit(EXIT_FAILURE);
}

static void start(struct as_arena *arena, pthread_t *thread)
{
	struct as_socket *listener = as_alloc(arena, sizeof *listener);
	struct as_socket_access access = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	const char *detail = NULL;
	if (!mkdtemp(folder))
		die(folder, NULL);
	snprintf(address, sizeof address, "unix:%s/socket", folder);
	if (!as_callbacks_register(&service))
		die("smfi_register", NULL);
	if (as_socket_parse(arena, address, listener, &detail) || as_socket_open(arena, listener, &access, &detail))
		die(address, detail);
	service.kicker = as_kicker_new(listener);
	service.trimmer = as_trimmer_new();
	as_metrics_init(&service.metrics, 0);
	if (pthread_create(thread, NULL, serve, NULL) != 0)
		die("thread", NULL);
}

static void stop(pthread_t thread)
{
	smfi_stop();
	milter_close(milter_open(address)); /* wakes the listener */
	pthread_join(thread, NULL);
	as_kicker_free(service.kicker);
	as_trimmer_free(service.trimmer);
	as_metrics_clear(&service.metrics);
	unlink(address + strlen("unix:"));
	rmdir(folder);
}

static void feed_field(void *user, const char *name, size_t name_length, const char *value, size_t value_length)
{
	struct as_arena *arena = as_arena_new();
	char *text = as_strndup(arena, value, value_length), *out = text;
	for (const char *in = text; *in; in++) /* folds are bare LF in the protocol */
		if (in[0] != '\r' || in[1] != '\n')
			*out++ = *in;
	*out = '\0';
	milter_header(user, as_strndup(arena, name, name_length), text);
	as_arena_free(arena);
}

static void describe_edit(struct as_buf *out, const struct milter_edit *edit)
{
	if (edit->kind == 'm' && !*edit->value)
		as_buf_printf(out, "remove: %s %u\n", edit->name, edit->index);
	else if (edit->kind == 'i' && edit->index == 0)
		as_scenario_insert_line(out, edit->name, edit->value);
	else
		as_buf_printf(out, "unexpected edit %c %s %u\n", edit->kind, edit->name, edit->index);
}

/* To an MTA the text of a reply is a format: "%%" is one percent sign. */
static void add_reply(struct as_buf *out, const char *text)
{
	as_buf_puts(out, "reply: ");
	for (; *text; text++) {
		as_buf_putc(out, *text);
		text += text[0] == '%' && text[1] == '%';
	}
	as_buf_putc(out, '\n');
}

static char *judge(struct as_arena *arena, const struct as_scenario *s)
{
	struct as_ip client;
	struct as_buf out = as_buf_new(arena);
	struct milter_client *milter = milter_open(address);
	if (as_ip_parse(s->client, &client) || !milter || !milter_negotiate(milter, 6, MILTER_ALL_ACTIONS, MILTER_ALL_STEPS))
		return as_strdup(arena, "no connection\n");
	milter_macros(milter, 'C', (const char *const[]){ "j", s->hostname, NULL });
	milter_connect(milter, "client.example", strchr(s->client, ':') ? '6' : '4', 25, s->client);
	if (s->helo)
		milter_helo(milter, s->helo);
	const char *macros[9] = { NULL };
	size_t n = 0;
	if (s->is_authenticated)
		macros[n++] = "{auth_type}", macros[n++] = "PLAIN", macros[n++] = "{auth_authen}", macros[n++] = s->login;
	if (s->tls_version)
		macros[n++] = "{tls_version}", macros[n++] = s->tls_version;
	if (s->tls_cipher)
		macros[n++] = "{cipher}", macros[n++] = s->tls_cipher;
	if (n)
		milter_macros(milter, 'M', macros);
	milter_mail(milter, s->from);
	for (size_t i = 0; i < s->recipient_count; i++)
		milter_rcpt(milter, s->recipients[i]);
	milter_data(milter);
	const char *body = as_scenario_fields(s, feed_field, milter);
	milter_eoh(milter);
	milter_body(milter, body, (size_t)(s->message + s->message_size - body));
	milter_macros(milter, 'E', (const char *const[]){ "i", "4XyZ", NULL });
	const struct milter_result *result = milter_eom(milter);
	if (result->answer == MILTER_REPLY)
		add_reply(&out, result->text);
	else if (result->answer != MILTER_CONTINUE && result->answer != MILTER_ACCEPT)
		as_buf_printf(&out, "unexpected answer %c\n", (char)result->answer);
	if (result->quarantine)
		as_buf_puts(&out, "quarantined\n");
	for (size_t i = 0; i < result->edit_count; i++)
		describe_edit(&out, &result->edits[i]);
	milter_quit(milter);
	milter_close(milter);
	return out.text;
}

/* What an MTA sees of a report: nothing is edited in a message that is refused. */
static char *visible(struct as_arena *arena, const char *report)
{
	struct as_buf out = as_buf_new(arena);
	bool is_refused = strstr(report, "\nreply: ") != NULL;
	bool is_held = strncmp(report, "action: quarantine\n", 19) == 0, said_held = false;
	for (const char *line = report; *line;) {
		size_t n = strcspn(line, "\n") + 1;
		bool is_edit = strncmp(line, "remove: ", 8) == 0 || strncmp(line, "insert: ", 8) == 0;
		if (is_edit && is_held && !said_held) {
			as_buf_puts(&out, "quarantined\n");
			said_held = true;
		}
		if (is_edit ? !is_refused : strncmp(line, "reply: ", 7) == 0)
			as_buf_add(&out, line, n);
		line += n;
	}
	return out.text;
}

static bool run(const char *file)
{
	struct as_arena *arena = as_arena_new();
	struct as_scenario scenario;
	struct as_dns_fake *fake;
	as_scenario_read(arena, file, &scenario);
	const char *wanted = visible(arena, scenario.expect);
	bool is_carried = memchr(scenario.message, '\0', scenario.message_size) == NULL;
	current = as_scenario_env(&scenario, &fake);
	const char *got = is_carried ? judge(arena, &scenario) : wanted;
	while (atomic_load(&service.connections) > 0) /* the daemon's side ends a moment later, and it holds the environment */
		sched_yield();
	as_env_unref(current);
	bool is_right = strcmp(got, wanted) == 0;
	printf("%s %s\n", is_right ? "ok    " : "FAILED", scenario.name);
	if (!is_right)
		printf("--- %s expects\n%s--- got\n%s---\n", file, wanted, got);
	as_dns_fake_free(fake);
	as_arena_free(arena);
	return is_right;
}

int main(void)
{
	struct as_arena *arena = as_arena_new();
	const char **files = as_scenario_files(arena, AS_TEST_SRCDIR "/scenario/cases");
	unsigned passed = 0, failed = 0;
	pthread_t thread;
	as_spf_global_init();
	start(arena, &thread);
	for (; *files; files++)
		*(run(*files) ? &passed : &failed) += 1;
	stop(thread);
	printf("%u passed, %u failed\n", passed, failed);
	as_arena_free(arena);
	return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
