/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.c - waiting for signals, and stopping in order.
 *
 * The first thread alone takes signals, by handlers that only write their number into a pipe. All others block them. libmilter has a
 * thread that waits for TERM, INT and HUP as well, and closes the socket and the connections when one comes; a signal for the process goes
 * to the first thread as a rule, but when that one is about to be interrupted anyway, to whoever waits. So sigwait() below never ends.
 *
 * libmilter closes connections that are between two commands when it stops: so messages are finished before it is told to.
 */
#include "config.h"

#include "signals.h"

#include "launch.h"
#include "notify.h"
#include "shadow_counts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

enum { LISTENER_ENDED = 0 /* no signal's number */, SAVE_MS = 60 * 1000 };
enum { ANSWER_MS = 200 };

struct listener {
	pthread_t thread;
	atomic_bool has_ended;
	bool has_failed; /* known once it has ended */
};

/* What a handler may know of: the pipe that it writes to, and the end that the first thread reads. */
static int told[2] = { -1, -1 };

static const int signals[] = { SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGHUP };
enum { SIGNALS = sizeof signals / sizeof signals[0] };

static void set_mask(int how)
{
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(how, &set, NULL);
}

void as_signals_block(void)
{
	set_mask(SIG_BLOCK);
	signal(SIGPIPE, SIG_IGN);
}

static void tell(int number)
{
	int saved = errno;
	unsigned char byte = (unsigned char)number;
	(void)!write(told[1], &byte, 1); /* a full pipe tells enough */
	errno = saved;
}

/* The next number told, or -1 when none came in time. */
static int next_told(int timeout_ms)
{
	struct pollfd reader = { .fd = told[0], .events = POLLIN };
	unsigned char byte;
	if (poll(&reader, 1, timeout_ms) <= 0 || read(told[0], &byte, 1) != 1)
		return -1;
	return byte;
}

static bool take_signals(void)
{
	struct sigaction action = { .sa_handler = tell, .sa_flags = SA_RESTART };
	if (pipe2(told, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < SIGNALS; i++)
		if (sigaction(signals[i], &action, NULL) != 0)
			return false;
	set_mask(SIG_UNBLOCK);
	return true;
}

static void *listen_thread(void *user)
{
	struct listener *listener = user;
	set_mask(SIG_BLOCK); /* libmilter's threads inherit it */
	listener->has_failed = smfi_main() != MI_SUCCESS; /* not after a signal */
	atomic_store(&listener->has_ended, true);
	tell(LISTENER_ENDED);
	return NULL;
}

/* For libmilter, which is its only caller here: a function of the program stands before the C library's of the same name, for shared
 * libraries as well. */
int sigwait(const sigset_t *restrict set, int *restrict number)
{
	(void)set, (void)number;
	for (;;)
		pause();
}

static void *stop_thread(void *user)
{
	(void)user;
	smfi_stop(); /* waits until the listener wakes from its poll */
	return NULL;
}

static void log_shadow(const struct as_env *env)
{
	struct as_arena *arena = as_arena_new();
	if (env->shadow_counts)
		as_log(env->log, AS_LOG_INFO, NULL, "shadow: %s", as_shadow_counts_text(arena, env->shadow_counts));
	as_arena_free(arena);
}

static void log_statistics(struct as_service *service)
{
	struct as_env *env = as_environment_ref(service->environment);
	struct as_dns_stats dns = as_dns_stats(env->dns);
	unsigned long long n[AS_VERB_REJECT + 1];
	for (int verb = AS_VERB_ACCEPT; verb <= AS_VERB_REJECT; verb++)
		n[verb] = atomic_load(&service->metrics.actions[verb]);
	unsigned long long deferred = atomic_load(&service->metrics.deferred[AS_METRICS_CROWDED]) +
				      atomic_load(&service->metrics.deferred[AS_METRICS_STOPPING]) +
				      atomic_load(&service->metrics.deferred[AS_METRICS_MEMORY]);
	as_log(env->log, AS_LOG_INFO, NULL,
	       "statistics: connections=%u messages=%u accept=%llu tag=%llu quarantine=%llu tempfail=%llu reject=%llu deferred=%llu "
	       "dns-asked=%llu dns-hits=%llu dns-merged=%llu dns-sent=%llu dns-failures=%llu dns-bogus=%llu dns-timeouts=%llu "
	       "dns-over-budget=%llu dns-crowded=%llu",
	       atomic_load(&service->connections), atomic_load(&service->messages), n[AS_VERB_ACCEPT], n[AS_VERB_TAG],
	       n[AS_VERB_QUARANTINE], n[AS_VERB_TEMPFAIL], n[AS_VERB_REJECT], deferred,
	       (unsigned long long)dns.asked, (unsigned long long)dns.hits, (unsigned long long)dns.merged, (unsigned long long)dns.sent,
	       (unsigned long long)dns.failures, (unsigned long long)dns.bogus, (unsigned long long)dns.timeouts,
	       (unsigned long long)dns.over_budget, (unsigned long long)dns.crowded);
	log_shadow(env);
	as_env_unref(env);
}

static void reload(struct as_service *service)
{
	struct as_env *old = as_environment_ref(service->environment);
	as_notify_reloading();
	bool is_done = as_environment_reload(service->environment);
	struct as_env *env = as_environment_ref(service->environment);
	int64_t now_s = as_clock_wall_s(&as_clock_system);
	as_metrics_expect(&service->metrics, env->settings);
	as_metrics_reload(&service->metrics, is_done, now_s);
	as_rulekeeper_adopt(service->rules, env->settings, now_s);
	if (env != old)
		log_shadow(old);
	as_env_unref(env);
	as_env_unref(old);
	as_notify("READY=1");
}

/* Until a signal that stops, or the end of the listener. */
static void serve(struct as_service *service, const struct listener *listener)
{
	while (!atomic_load(&listener->has_ended)) {
		int number = next_told(SAVE_MS);
		if (number < 0)
			as_rulekeeper_save(service->rules);
		else if (number == SIGUSR1)
			reload(service);
		else if (number == SIGUSR2)
			log_statistics(service);
		else if (number > LISTENER_ENDED)
			return;
	}
}

/* 10 ms; false when a second signal wants us gone now. */
static bool pause_unless_hurried(void)
{
	int number = next_told(10);
	return number != SIGTERM && number != SIGINT && number != SIGHUP;
}

/* A message is in flight until its end-of-message is done, but only then libmilter writes the answer: it gets a moment for that. */
static bool is_in_flight(struct as_service *service, int64_t now_ms)
{
	return atomic_load(&service->messages) > 0 || now_ms < atomic_load(&service->answered_ms) + ANSWER_MS;
}

static bool finish_messages(struct as_service *service, int64_t until_ms)
{
	int64_t now_ms;
	while (is_in_flight(service, now_ms = as_clock_mono_ms(&as_clock_system))) {
		if (now_ms >= until_ms || !pause_unless_hurried())
			return atomic_load(&service->messages) == 0;
	}
	return true;
}

/* The listener sleeps in poll for up to 5 s; a connection wakes it. */
static void stop_listener(struct as_service *service, struct listener *listener)
{
	pthread_t stopper;
	bool has_stopper = pthread_create(&stopper, NULL, stop_thread, NULL) == 0;
	while (has_stopper && !atomic_load(&listener->has_ended)) {
		as_kick(service->kicker);
		(void)pause_unless_hurried();
	}
	if (has_stopper)
		pthread_join(stopper, NULL);
	else
		smfi_stop();
	pthread_join(listener->thread, NULL);
}

static bool drain(struct as_service *service, struct listener *listener)
{
	atomic_store(&service->is_draining, true);
	as_notify("STOPPING=1");
	struct as_env *env = as_environment_ref(service->environment);
	as_log(env->log, AS_LOG_INFO, NULL, "stopping, %u messages in flight", atomic_load(&service->messages));
	int64_t until_ms = as_clock_mono_ms(&as_clock_system) + env->settings->evaluation_timeout_ms;
	bool is_finished = finish_messages(service, until_ms);
	if (!is_finished)
		as_log(env->log, AS_LOG_WARNING, NULL, "stopping with %u messages unfinished", atomic_load(&service->messages));
	log_shadow(env);
	as_env_unref(env);
	as_launcher_stop();
	stop_listener(service, listener);
	return is_finished;
}

static void log_lost_listener(struct as_service *service)
{
	struct as_env *env = as_environment_ref(service->environment);
	as_log(env->log, AS_LOG_ERROR, NULL, "libmilter has stopped listening, see its own lines");
	as_env_unref(env);
}

bool as_signals_serve(struct as_service *service, void (*ready)(void *user), void *user)
{
	struct listener listener = { .has_failed = false };
	if (!as_launcher_start() || !take_signals() || pthread_create(&listener.thread, NULL, listen_thread, &listener) != 0)
		return false;
	ready(user);
	serve(service, &listener);
	bool has_failed = atomic_load(&listener.has_ended) && listener.has_failed; /* before any stop: one that comes early fails, too */
	if (has_failed)
		log_lost_listener(service);
	return drain(service, &listener) && !has_failed;
}
