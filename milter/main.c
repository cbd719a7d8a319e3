/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - the start of assayd, in the one order that works:
 *
 * options, configuration, background (before any thread), signals blocked (threads inherit that), socket (as root, for its folder
 * and port), user, then everything that reads files or starts threads: what the user cannot read is noticed now and not at the
 * first reload.
 */
#include "config.h"

#include "banner.h"
#include "callbacks.h"
#include "check.h"
#include "daemon.h"
#include "environment.h"
#include "heap.h"
#include "libraries.h"
#include "logger.h"
#include "metrics_collect.h"
#include "metrics_http.h"
#include "notify.h"
#include "options.h"
#include "privileges.h"
#include "signals.h"
#include "socket.h"
#include "translation.h"
#include "trim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

struct start {
	struct as_options options;
	struct as_arena *arena;          /* of the start; lives to the end */
	struct as_arena *settings_arena; /* until the environment takes it over */
	const struct as_settings *settings;
	const struct as_log *log; /* NULL before the settings are known */
	struct as_daemon daemon;
	struct as_socket socket, metrics_socket;
	int metrics_fd; /* -1: there are none */
	struct as_metrics_http *metrics;
	struct as_service service;
	const char *dns_state;
};

/* Why there is no start: on standard error for who started us, and in the log when that is elsewhere. */
static int fail(const struct start *start, int status, const char *detail)
{
	fprintf(stderr, "assayd: %s\n", detail);
	if (start->log && !as_logger_is_stderr(start->log))
		as_log(start->log, AS_LOG_ERROR, NULL, "%s", detail);
	return status;
}

static int read_settings(struct start *start)
{
	const struct as_options *options = &start->options;
	const char *detail = "unknown";
	bool is_missing = access(options->file, F_OK) != 0;
	if (is_missing && options->is_file_given)
		return fail(start, EX_NOINPUT, as_printf(start->arena, "%s: %s", options->file, strerror(errno)));
	start->settings_arena = as_arena_new();
	if (as_settings_load(start->settings_arena, is_missing ? NULL : options->file, &start->settings, &detail) != AS_OK)
		return fail(start, EX_CONFIG, detail);
	if (as_socket_parse(start->arena, start->settings->socket, &start->socket, &detail) != AS_OK)
		return fail(start, EX_CONFIG, detail);
	if (*start->settings->metrics.socket &&
	    as_socket_parse(start->arena, start->settings->metrics.socket, &start->metrics_socket, &detail) != AS_OK)
		return fail(start, EX_CONFIG, detail);
	start->log = as_logger_new(start->arena, start->settings, options->is_verbose);
	if (is_missing && !options->is_check) /* the check says what it reads */
		as_log(start->log, AS_LOG_WARNING, NULL, "%s does not exist, the built-in defaults hold", options->file);
	return EX_OK;
}

static int open_metrics(struct start *start, const struct as_account *account, uid_t uid)
{
	const struct as_settings *settings = start->settings;
	struct as_socket_access access = { .mode = settings->metrics.socket_mode, .uid = uid };
	const char *detail = "unknown";
	if (!*settings->metrics.socket)
		return EX_OK;
	if (!as_group_find(start->arena, settings->metrics.socket_group, account, &access.gid, &detail))
		return fail(start, EX_NOPERM, detail);
	int status = as_socket_listen(start->arena, &start->metrics_socket, &access, &start->metrics_fd, &detail);
	if (status)
		return fail(start, status, as_printf(start->arena, "metrics: %s", detail));
	if (!as_socket_is_local(start->arena, &start->metrics_socket))
		as_log(start->log, AS_LOG_WARNING, NULL, "metrics: other hosts may reach %s", settings->metrics.socket);
	return EX_OK;
}

static void remove_sockets(const struct start *start)
{
	as_socket_remove(&start->socket);
	if (start->metrics_fd >= 0)
		as_socket_remove(&start->metrics_socket);
}

static void warn_of_file(const struct start *start, const char *file)
{
	if (access(file, R_OK) != 0 && errno != ENOENT)
		as_log(start->log, AS_LOG_WARNING, NULL, "%s: %s; a reload will fail until the user may read it", file, strerror(errno));
}

static void warn_of_folder(void *user, const char *detail)
{
	const struct start *start = user;
	as_log(start->log, AS_LOG_WARNING, NULL, "%s", detail);
}

/* What the start could do as root and the user cannot, and the other way round. */
static void warn_of_account(struct start *start, const struct as_account *account)
{
	const struct as_settings *settings = start->settings;
	const char *left = as_privileges_left(start->arena, account);
	if (left)
		as_log(start->log, AS_LOG_WARNING, NULL, "%s", left);
	warn_of_file(start, start->options.file);
	warn_of_file(start, settings->shadow.file);
	for (size_t i = 0; i < settings->translation_count; i++)
		warn_of_file(start, settings->translations[i].file);
	as_check_folders(start->arena, settings, W_OK, warn_of_folder, start);
}

static int open_socket_and_drop(struct start *start)
{
	const struct as_settings *settings = start->settings;
	const char *detail = "unknown";
	struct as_account account;
	struct as_socket_access access = { .mode = settings->socket_mode };
	if (!as_account_find(start->arena, settings->user, &account, &detail) ||
	    !as_group_find(start->arena, settings->socket_group, &account, &access.gid, &detail))
		return fail(start, EX_NOPERM, detail);
	access.uid = geteuid() == 0 ? account.uid : geteuid();
	if (!as_callbacks_register(&start->service))
		return fail(start, EX_SOFTWARE, "libmilter refused the registration");
	int status = as_socket_open(start->arena, &start->socket, &access, &detail);
	if (status)
		return fail(start, status, detail);
	status = open_metrics(start, &account, access.uid);
	if (status) {
		remove_sockets(start);
		return status;
	}
	if (!as_privileges_drop(start->arena, &account, &detail)) {
		remove_sockets(start);
		return fail(start, EX_NOPERM, detail);
	}
	warn_of_account(start, &account);
	return EX_OK;
}

/* The soft limit of systemd, 1024, is meant for programs that use select(). Before the resolver counts what it may take: half. */
static void raise_descriptor_limit(const struct start *start)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < (rlim_t)start->settings->maximum_connections)
		as_log(start->log, AS_LOG_WARNING, NULL, "%llu file descriptors do not suffice for maximum-connections = %lld",
		       (unsigned long long)limit.rlim_cur, (long long)start->settings->maximum_connections);
}

static int make_environment(struct start *start)
{
	const char *detail = "unknown";
	const struct as_environment_options options = {
		.file = access(start->options.file, F_OK) == 0 ? start->options.file : NULL,
		.is_verbose = start->options.is_verbose,
	};
	start->service.environment = as_environment_new(start->arena, &options, start->settings_arena, start->settings,
							&start->dns_state, &detail);
	start->settings_arena = NULL;
	if (!start->service.environment)
		return fail(start, EX_CONFIG, detail);
	start->service.kicker = as_kicker_new(&start->socket);
	start->service.trimmer = as_trimmer_new();
	start->service.traces = as_tracefile_new(start->log);
	start->service.captures = as_capturefile_new(start->log);
	as_metrics_init(&start->service.metrics, as_clock_wall_s(&as_clock_system));
	as_metrics_expect(&start->service.metrics, start->settings);
	start->service.rules = as_rulekeeper_new(start->log, start->service.metrics.tally);
	const struct as_service *service = &start->service;
	bool is_complete = service->kicker && service->trimmer && service->traces && service->captures && service->rules;
	if (is_complete)
		as_rulekeeper_adopt(service->rules, start->settings, as_clock_wall_s(&as_clock_system));
	if (is_complete && start->metrics_fd >= 0) {
		start->metrics = as_metrics_http_new(start->metrics_fd, as_metrics_collect, &start->service);
		is_complete = start->metrics != NULL;
	}
	return is_complete ? EX_OK : fail(start, EX_OSERR, "cannot start a thread");
}

static void on_ready(void *user)
{
	struct start *start = user;
	struct as_env *env = as_environment_ref(start->service.environment);
	as_banner(env->log, env->settings, &start->socket, start->dns_state ? start->dns_state : "resolver is ready");
	as_env_unref(env);
	as_notify("READY=1");
	as_daemon_ready(&start->daemon, as_logger_is_stderr(start->log));
}

/* A descriptor below 3 that is closed would go to a socket, and the log into it. */
static bool open_standard_streams(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int run(struct start *start)
{
	int status = read_settings(start);
	if (status)
		return status;
	if (start->options.is_check)
		return as_check(start->settings, start->options.file);
	if (!start->options.is_foreground && !as_daemon_begin(&start->daemon))
		return fail(start, EX_OSERR, strerror(errno));
	as_signals_block();
	if (!as_logger_start())
		return fail(start, EX_OSERR, "cannot start a thread");
	raise_descriptor_limit(start);
	status = open_socket_and_drop(start);
	if (status)
		return status;
	status = make_environment(start);
	if (status) {
		remove_sockets(start);
		return status;
	}
	bool is_finished = as_signals_serve(&start->service, on_ready, start);
	remove_sockets(start);
	as_metrics_http_free(start->metrics); /* it looks at what goes now */
	as_rulekeeper_free(start->service.rules);
	as_log(start->log, AS_LOG_INFO, NULL, "assayd " PACKAGE_VERSION " stopped");
	/* Connections that are still open hold the environment, and libmilter's threads hold them: exit handlers must not pull
	 * the ground from under their feet. */
	atomic_store(&start->service.is_stopped, true);
	if (!is_finished || atomic_load(&start->service.connections) > 0) {
		as_tracefile_finish(start->service.traces);
		as_capturefile_finish(start->service.captures);
		as_logger_stop();
		fflush(NULL);
		_exit(is_finished ? EX_OK : EX_TEMPFAIL);
	}
	as_kicker_free(start->service.kicker);
	as_trimmer_free(start->service.trimmer);
	as_tracefile_free(start->service.traces);
	as_capturefile_free(start->service.captures);
	as_environment_free(start->service.environment);
	as_metrics_clear(&start->service.metrics);
	return EX_OK;
}

int main(int argc, char **argv)
{
	if (!open_standard_streams())
		return EX_OSERR;
	as_trim_prepare();
	struct start start = { .options = as_options_parse(argc, argv), .daemon = { .ready_fd = -1 }, .metrics_fd = -1 };
	if (start.options.is_done)
		return start.options.status;
	as_libraries_init();
	as_heap_reserve();
	start.arena = as_arena_new();
	int status = run(&start);
	as_logger_stop();
	as_arena_free(start.settings_arena);
	as_arena_free(start.arena);
	return status;
}
