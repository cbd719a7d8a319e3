/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_unbound.c - libunbound on a libevent loop in one thread.
 *
 * Only that thread touches the context (contexts with events are not thread safe). Others put jobs into a list under a lock and ring an
 * eventfd when it was empty, so a message that starts seven lookups at once is one wake-up. There is no timeout here: dns.c stops
 * waiting at its deadline, and a late answer still fills the cache.
 */
#include "config.h"

#include "dns_unbound.h"

#include "clock.h"
#include "dns_backend.h"
#include "dns_packet.h"
#include "dns_unbound_conf.h"
#include "domain.h"
#include "log.h"
#include "str.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>
#include <unbound.h>
#include <unbound-event.h>

enum { RANGE_MIN = 16, RANGE_MAX = 4096, CLASS_IN = 1, SEC_BOGUS = 1, SEC_SECURE = 2, STEP_BACK_S = 10 };

struct job {
	struct job *next; /* in the list of those handed over, or of those under way */
	struct job **link; /* what points to it among those under way */
	struct backend *backend;
	struct as_dns_question *question;
	const char *name;
	enum as_dns_type type;
};

struct backend {
	struct as_dns_backend backend; /* first: what dns.c has a pointer to */
	pthread_t thread;
	struct event_base *base;
	struct event *ring_event;
	int ring; /* eventfd */
	pthread_mutex_t lock; /* of the next three */
	struct job *queue;
	struct job **last_queued;
	bool is_stopping;
	/* Of the thread alone. */
	struct ub_ctx *ctx;
	struct job *under_way;
	bool is_closing;
	char *settings;  /* libunbound's */
	int64_t ahead_s; /* the clock of the wall before the monotonic one */
	const struct as_log *log;
	enum as_dnssec unsigned_state; /* of answers that are not secure: without validation nothing is known */
};

static void deliver_failure(struct job *job, enum as_dns_status status, enum as_dnssec dnssec, const char *reason)
{
	struct as_dns_builder *b = as_dns_builder_new(job->name, job->type);
	as_dns_builder_state(b, status, dnssec, 0);
	as_dns_builder_reason(b, reason, strlen(reason));
	as_dns_deliver(job->question, b);
	free(job);
}

/* --- the resolver's thread ----------------------------------------------------------------------------------------- */

static void add_under_way(struct backend *self, struct job *job)
{
	job->next = self->under_way;
	job->link = &self->under_way;
	if (job->next)
		job->next->link = &job->next;
	self->under_way = job;
}

static void take_out(struct job *job)
{
	*job->link = job->next;
	if (job->next)
		job->next->link = job->link;
}

static void give_bogus(struct as_dns_builder *b, const char *why)
{
	static const char prefix[] = "bogus: ";
	char reason[256];
	size_t n = why ? strnlen(why, sizeof reason - sizeof prefix) : 0;
	memcpy(reason, prefix, sizeof prefix - 1);
	if (n)
		memcpy(reason + sizeof prefix - 1, why, n);
	as_dns_builder_reason(b, reason, sizeof prefix - 1 + n);
	as_dns_builder_state(b, AS_DNS_TEMPFAIL, AS_DNSSEC_BOGUS, 0);
}

/* A bogus answer comes with data and RCODE 0: the validator's word is looked at first (DN-4). May be called within
 * ub_resolve_event(), and within ub_ctx_delete(), where nothing is delivered. */
static void on_answer(void *user, int rcode, void *packet, int size, int security, char *why_bogus, int was_ratelimited)
{
	struct job *job = user;
	(void)was_ratelimited; /* comes with an RCODE */
	if (job->backend->is_closing)
		return;
	struct as_dns_builder *b = as_dns_builder_new(job->name, job->type);
	if (security == SEC_BOGUS) {
		give_bogus(b, why_bogus);
	} else if (rcode != 0 || !packet || size < 0) {
		const char *name = as_dns_rcode_name(rcode);
		as_dns_builder_reason(b, name, strlen(name));
	} else {
		enum as_dnssec state = security == SEC_SECURE ? AS_DNSSEC_SECURE : job->backend->unsigned_state;
		as_dns_packet_decode(packet, (size_t)size, state, b);
	}
	take_out(job);
	as_dns_deliver(job->question, b);
	free(job);
}

/* libunbound reads master-file escapes: a backslash is doubled, everything else is taken as it is. */
static void escape_name(const char *name, char out[2 * AS_DOMAIN_MAX + 1])
{
	for (size_t i = 0; name[i] && i < AS_DOMAIN_MAX; i++) {
		if (name[i] == '\\')
			*out++ = '\\';
		*out++ = name[i];
	}
	*out = '\0';
}

static void resolve(struct backend *self, struct job *job)
{
	char name[2 * AS_DOMAIN_MAX + 1];
	escape_name(job->name, name);
	add_under_way(self, job);
	int err = ub_resolve_event(self->ctx, name, (int)job->type, CLASS_IN, job, on_answer, NULL);
	if (!err)
		return; /* the job may be gone already */
	take_out(job);
	if (err == UB_SYNTAX)
		deliver_failure(job, AS_DNS_NXDOMAIN, AS_DNSSEC_INSECURE, "");
	else
		deliver_failure(job, AS_DNS_TEMPFAIL, AS_DNSSEC_INDETERMINATE, ub_strerror(err));
}

static int64_t clock_ahead_s(void)
{
	return as_clock_wall_s(&as_clock_system) - as_clock_mono_ms(&as_clock_system) / 1000;
}

/* What is under way is asked again. */
static void exchange_context(struct backend *self, struct ub_ctx *ctx)
{
	struct job *jobs = self->under_way;
	self->under_way = NULL;
	self->is_closing = true;
	as_dns_unbound_close(self->ctx);
	self->is_closing = false;
	self->ctx = ctx;
	while (jobs) {
		struct job *job = jobs;
		jobs = job->next;
		resolve(self, job);
	}
}

/* libunbound counts by the clock of the wall. When that is set back by hours, it would keep its records for as many hours more, and take a
 * server that did not answer for dead as long. Nothing but a context without memory helps. */
static void look_at_clock(struct backend *self)
{
	int64_t before_s = self->ahead_s;
	self->ahead_s = clock_ahead_s();
	if (self->ahead_s > before_s - STEP_BACK_S)
		return;
	struct as_arena *arena = as_arena_new();
	const char *detail = "unknown";
	long long by_s = (long long)(before_s - self->ahead_s);
	struct ub_ctx *ctx = as_dns_unbound_open(arena, self->base, self->settings, &detail);
	if (ctx) {
		as_log(self->log, AS_LOG_WARNING, NULL, "dns: the clock was set back by %lld s, what libunbound knew is dropped", by_s);
		exchange_context(self, ctx);
	} else {
		as_log(self->log, AS_LOG_ERROR, NULL, "dns: the clock was set back by %lld s, records may be kept as much longer: %s", by_s,
		       detail);
	}
	as_arena_free(arena);
}

static struct job *take_queue(struct backend *self, bool *is_stopping)
{
	pthread_mutex_lock(&self->lock);
	struct job *jobs = self->queue;
	self->queue = NULL;
	self->last_queued = &self->queue;
	*is_stopping = self->is_stopping;
	pthread_mutex_unlock(&self->lock);
	return jobs;
}

static void refuse(struct job *jobs)
{
	while (jobs) {
		struct job *job = jobs;
		jobs = job->next;
		deliver_failure(job, AS_DNS_TEMPFAIL, AS_DNSSEC_INDETERMINATE, "shutting down");
	}
}

static void on_ring(evutil_socket_t fd, short what, void *user)
{
	struct backend *self = user;
	uint64_t rings;
	bool is_stopping;
	(void)what;
	if (read(fd, &rings, sizeof rings) < 0)
		return; /* EAGAIN: somebody else's ring was read with ours */
	struct job *jobs = take_queue(self, &is_stopping);
	if (is_stopping) {
		refuse(jobs);
		event_base_loopbreak(self->base);
		return;
	}
	look_at_clock(self);
	while (jobs) {
		struct job *job = jobs;
		jobs = job->next;
		resolve(self, job);
	}
}

/* Answering may start new lookups (as_dns_start_then), which come into the queue: until nothing is left. */
static void refuse_all(struct backend *self)
{
	bool is_stopping;
	struct job *under_way = self->under_way;
	self->under_way = NULL;
	refuse(under_way);
	for (struct job *jobs = take_queue(self, &is_stopping); jobs; jobs = take_queue(self, &is_stopping))
		refuse(jobs);
}

static void *run(void *user)
{
	struct backend *self = user;
	event_base_dispatch(self->base);
	self->is_closing = true;
	as_dns_unbound_close(self->ctx);
	refuse_all(self);
	return NULL;
}

/* --- other threads ------------------------------------------------------------------------------------------------- */

static void ring(struct backend *self)
{
	const uint64_t one = 1;
	while (write(self->ring, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void start(struct as_dns_backend *backend, struct as_dns_question *question, const char *name, enum as_dns_type type)
{
	struct backend *self = (struct backend *)backend;
	struct job *job = as_xalloc(sizeof *job);
	*job = (struct job){ .backend = self, .question = question, .name = name, .type = type };
	pthread_mutex_lock(&self->lock);
	bool was_empty = !self->queue;
	*self->last_queued = job;
	self->last_queued = &job->next;
	pthread_mutex_unlock(&self->lock);
	if (was_empty)
		ring(self);
}

static void free_parts(struct backend *self)
{
	if (self->ring_event)
		event_free(self->ring_event);
	if (self->base)
		event_base_free(self->base);
	if (self->ring >= 0)
		close(self->ring);
	pthread_mutex_destroy(&self->lock);
	free(self->settings);
	free(self);
}

static void stop(struct as_dns_backend *backend)
{
	struct backend *self = (struct backend *)backend;
	pthread_mutex_lock(&self->lock);
	self->is_stopping = true;
	pthread_mutex_unlock(&self->lock);
	ring(self);
	pthread_join(self->thread, NULL);
	free_parts(self);
}

/* --- start --------------------------------------------------------------------------------------------------------- */

/* Half of the descriptors at most: the rest is for connections. */
static unsigned port_range(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return RANGE_MIN;
	rlim_t half = limit.rlim_cur / 2;
	return half < RANGE_MIN ? RANGE_MIN : half > RANGE_MAX ? RANGE_MAX : (unsigned)half;
}

static const char *describe(struct as_arena *arena, const struct as_dns_plan *plan, const char *why)
{
	struct as_buf text = as_buf_new(arena);
	as_buf_puts(&text, plan->forward ? "forwarding to" : "recursing from the root");
	for (const char *const *server = plan->forward; server && *server; server++)
		as_buf_printf(&text, "%s %s", server == plan->forward ? "" : ",", *server);
	if (why)
		as_buf_printf(&text, " (%s)", why);
	for (size_t i = 0; i < plan->options->stub_count; i++)
		as_buf_printf(&text, "%s %s", i ? "," : ", stubs", plan->options->stubs[i].zone);
	if (!plan->anchor) {
		as_buf_puts(&text, ", DNSSEC VALIDATION IS OFF (no trust anchor is configured)");
		return text.text;
	}
	as_buf_printf(&text, ", DNSSEC validation on, anchor %s (tags %s)", plan->options->trust_anchor, plan->anchor->tags);
	const char *warning = as_dns_anchor_warning(plan->anchor);
	if (warning)
		as_buf_printf(&text, "; warning: %s", warning);
	return text.text;
}

static void warn(const struct as_dns_unbound_options *options, const struct as_dns_anchor *anchor)
{
	const char *warning = anchor ? as_dns_anchor_warning(anchor) : NULL;
	if (!anchor)
		as_log(options->log, AS_LOG_WARNING, NULL, "dns: DNSSEC validation is off, no trust anchor is configured");
	else if (warning)
		as_log(options->log, AS_LOG_WARNING, NULL, "dns: trust anchor %s: %s", options->trust_anchor, warning);
}

static struct backend *open_backend(struct as_arena *arena, const struct as_dns_plan *plan, const char **detail)
{
	struct backend *self = as_xalloc(sizeof *self);
	self->backend = (struct as_dns_backend){ .start = start, .free = stop, .is_makeshift = plan->is_makeshift };
	self->last_queued = &self->queue;
	self->unsigned_state = plan->anchor ? AS_DNSSEC_INSECURE : AS_DNSSEC_INDETERMINATE;
	pthread_mutex_init(&self->lock, NULL);
	self->ring = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	self->base = event_base_new();
	self->ring_event = self->base && self->ring >= 0 ? event_new(self->base, self->ring, EV_READ | EV_PERSIST, on_ring, self) : NULL;
	if (!self->ring_event || event_add(self->ring_event, NULL) != 0) {
		*detail = as_printf(arena, "cannot set up the resolver's event loop: %s", strerror(errno));
		free_parts(self);
		return NULL;
	}
	self->settings = as_xstrdup(as_dns_unbound_settings(arena, plan));
	self->log = plan->options->log;
	self->ahead_s = clock_ahead_s();
	self->ctx = as_dns_unbound_open(arena, self->base, self->settings, detail);
	if (!self->ctx)
		return NULL; /* the parts stay: a context that failed and cannot be deleted points to them */
	int err = pthread_create(&self->thread, NULL, run, self);
	if (err) {
		*detail = as_printf(arena, "cannot start the resolver's thread: %s", strerror(err));
		as_dns_unbound_close(self->ctx);
		free_parts(self);
		return NULL;
	}
	return self;
}

struct as_dns_backend *as_dns_unbound_new(struct as_arena *arena, const struct as_dns_unbound_options *options, const char **state,
					  const char **detail)
{
	struct as_dns_anchor anchor;
	struct as_dns_plan plan = { .options = options, .range = port_range() };
	const char *why = NULL;
	*detail = as_dns_unbound_complaint(arena, options);
	if (*detail)
		return NULL;
	if (*options->trust_anchor) {
		if (as_dns_anchor_read(arena, options->trust_anchor, &anchor, detail) != AS_OK)
			return NULL;
		plan.anchor = &anchor;
	}
	if (options->mode == AS_DNS_FORWARD)
		plan.forward = options->forward;
	if (options->mode == AS_DNS_AUTO)
		why = as_dns_unbound_probe(arena, &plan);
	struct backend *self = open_backend(arena, &plan, detail);
	if (!self)
		return NULL;
	*state = describe(arena, &plan, why);
	warn(options, plan.anchor);
	return &self->backend;
}
