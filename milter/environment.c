/* SPDX-License-Identifier: BSD-2-Clause */
/* environment.c - settings to resolver to as_env, and the swap.
 *
 * Messages keep the environment they began with by its reference count; the lock only covers the pointer. The DNS service, with
 * its cache, outlives a reload unless something in dns{} changed, or a file that it was made from: a trust anchor is rolled over by
 * replacing the file (DN-8), and mode "auto" goes by resolv.conf. One that found none of its servers at the start, perhaps before the
 * network was there, does not outlive it.
 */
#include "config.h"

#include "environment.h"

#include "banner.h"
#include "logger.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What is equal as long as nobody wrote to the file or replaced it. All 0: no such file. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec written;
	struct timespec changed; /* the inode, which nobody can set back */
};

struct sources {
	struct stamp anchor;
	struct stamp resolv_conf; /* mode "auto" */
};

struct as_environment {
	struct as_environment_options options;
	pthread_mutex_t lock;
	struct as_env *current;
	struct as_arena *log_arena; /* of the log that DNS services keep */
	const struct as_log *log;
	struct sources sources; /* of the current DNS service */
};

static struct stamp look_at(const char *file)
{
	struct stat st;
	if (stat(file, &st) != 0)
		return (struct stamp){ 0 };
	return (struct stamp){ st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim };
}

/* Before they are read, so that what is written meanwhile shows at the next reload. */
static struct sources look_at_sources(const struct as_settings *settings)
{
	struct sources sources = { 0 };
	if (*settings->dns.trust_anchor)
		sources.anchor = look_at(settings->dns.trust_anchor);
	if (settings->dns.mode == AS_DNS_AUTO)
		sources.resolv_conf = look_at(AS_DNS_RESOLV_CONF);
	return sources;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size && same_time(&a->written, &b->written) &&
	       same_time(&a->changed, &b->changed);
}

static bool same_sources(const struct sources *a, const struct sources *b)
{
	return same_stamp(&a->anchor, &b->anchor) && same_stamp(&a->resolv_conf, &b->resolv_conf);
}

static struct as_dns *make_dns(struct as_environment *e, struct as_arena *arena, const struct as_settings *settings,
			       const char **state, const char **detail)
{
	return as_env_dns(arena, settings, &as_clock_system, e->log, state, detail);
}

/* Takes settings_arena and the reference to dns over. */
static struct as_env *make_env(struct as_environment *e, struct as_arena *arena, struct as_arena *settings_arena,
			       const struct as_settings *settings, struct as_dns *dns, const char **detail)
{
	const struct as_log *log = as_logger_new(settings_arena, settings, e->options.is_verbose);
	char *words = NULL;
	struct as_env *env = as_env_new(settings_arena, settings, dns, &as_clock_system, log, &words);
	if (!env)
		*detail = as_strdup(arena, words ? words : "unknown");
	free(words);
	return env;
}

struct as_environment *as_environment_new(struct as_arena *arena, const struct as_environment_options *options,
					  struct as_arena *settings_arena, const struct as_settings *settings, const char **state,
					  const char **detail)
{
	struct as_environment *e = as_xalloc(sizeof *e);
	e->options = *options;
	e->log_arena = as_arena_new();
	e->log = as_logger_new(e->log_arena, settings, options->is_verbose);
	e->sources = look_at_sources(settings);
	pthread_mutex_init(&e->lock, NULL);
	struct as_dns *dns = make_dns(e, arena, settings, state, detail);
	if (dns)
		e->current = make_env(e, arena, settings_arena, settings, dns, detail);
	else
		as_arena_free(settings_arena);
	if (e->current)
		return e;
	as_environment_free(e);
	return NULL;
}

void as_environment_free(struct as_environment *e)
{
	as_env_unref(e->current);
	pthread_mutex_destroy(&e->lock);
	as_arena_free(e->log_arena);
	free(e);
}

struct as_env *as_environment_ref(struct as_environment *e)
{
	pthread_mutex_lock(&e->lock);
	struct as_env *env = as_env_ref(e->current);
	pthread_mutex_unlock(&e->lock);
	return env;
}

static bool same_list(const char **a, const char **b)
{
	while (a && b && *a && *b && strcmp(*a, *b) == 0)
		a++, b++;
	return (!a || !*a) && (!b || !*b);
}

static bool same_stubs(const struct as_settings *a, const struct as_settings *b)
{
	if (a->dns.stub_count != b->dns.stub_count)
		return false;
	for (size_t i = 0; i < a->dns.stub_count; i++) {
		const struct as_dns_stub *x = &a->dns.stubs[i], *y = &b->dns.stubs[i];
		if (strcmp(x->zone, y->zone) != 0 || x->insecure != y->insecure || !same_list(x->addresses, y->addresses))
			return false;
	}
	return true;
}

static bool same_dns(const struct as_settings *a, const struct as_settings *b)
{
	return a->dns.mode == b->dns.mode && strcmp(a->dns.trust_anchor, b->dns.trust_anchor) == 0 &&
	       a->dns.cache_bytes == b->dns.cache_bytes && a->dns.max_ttl_s == b->dns.max_ttl_s &&
	       a->dns.failure_ttl_s == b->dns.failure_ttl_s && same_list(a->dns.forward, b->dns.forward) &&
	       same_list(a->dns.insecure, b->dns.insecure) && same_stubs(a, b);
}

/* What a running process does not change. */
static void warn_fixed(const struct as_log *log, const struct as_settings *old, const struct as_settings *new)
{
	if (strcmp(old->socket, new->socket) != 0 || old->socket_mode != new->socket_mode ||
	    strcmp(old->socket_group, new->socket_group) != 0)
		as_log(log, AS_LOG_WARNING, NULL, "reload: a changed socket, socket-mode or socket-group needs a restart");
	if (strcmp(old->log.socket, new->log.socket) != 0)
		as_log(log, AS_LOG_WARNING, NULL, "reload: a changed log.socket needs a restart");
	if (strcmp(old->user, new->user) != 0)
		as_log(log, AS_LOG_WARNING, NULL, "reload: a changed user needs a restart");
	if (strcmp(old->metrics.socket, new->metrics.socket) != 0 || old->metrics.socket_mode != new->metrics.socket_mode ||
	    strcmp(old->metrics.socket_group, new->metrics.socket_group) != 0)
		as_log(log, AS_LOG_WARNING, NULL, "reload: a changed section metrics needs a restart");
}

static struct as_env *load(struct as_environment *e, struct as_arena *arena, struct sources *sources, const char **detail)
{
	struct as_arena *settings_arena = as_arena_new();
	const struct as_settings *settings, *old = e->current->settings;
	if (as_settings_load(settings_arena, e->options.file, &settings, detail) != AS_OK) {
		*detail = as_strdup(arena, *detail);
		as_arena_free(settings_arena);
		return NULL;
	}
	const char *state = NULL;
	*sources = look_at_sources(settings);
	bool is_same = same_dns(old, settings) && same_sources(&e->sources, sources) && !as_dns_is_makeshift(e->current->dns);
	struct as_dns *dns = is_same ? as_dns_ref(e->current->dns) : make_dns(e, arena, settings, &state, detail);
	if (!dns) {
		as_arena_free(settings_arena);
		return NULL;
	}
	if (state)
		as_log(e->log, AS_LOG_INFO, NULL, "dns: %s", state);
	return make_env(e, arena, settings_arena, settings, dns, detail);
}

static void log_lines(const struct as_log *log, const char *lines)
{
	for (const char *line = lines; *line;) {
		int n = (int)strcspn(line, "\n");
		as_log(log, AS_LOG_ERROR, NULL, "reload: %.*s", n, line);
		line += n + (line[n] == '\n');
	}
}

bool as_environment_reload(struct as_environment *e)
{
	struct as_arena *arena = as_arena_new();
	const char *detail = "unknown";
	struct sources sources;
	struct as_env *env = load(e, arena, &sources, &detail), *old = e->current;
	if (env) {
		warn_fixed(env->log, old->settings, env->settings);
		pthread_mutex_lock(&e->lock);
		e->current = env;
		pthread_mutex_unlock(&e->lock);
		e->sources = sources;
		as_banner_enforced(env->log, env->settings);
		as_log(env->log, AS_LOG_INFO, NULL, "reload: done");
		as_env_unref(old);
	} else {
		log_lines(old->log, detail);
		as_log(old->log, AS_LOG_ERROR, NULL, "reload: failed, the old configuration stays");
	}
	as_arena_free(arena);
	return env != NULL;
}
