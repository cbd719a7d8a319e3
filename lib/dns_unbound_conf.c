/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_unbound_conf.c - the settings of libunbound, written as the file that it reads: clauses and default local zones can be set in no
 * other way (ub_ctx_set_option refuses stub-zone, and local-zone through it has no effect).
 */
#include "config.h"

#include "dns_unbound_conf.h"

#include "domain.h"
#include "ip.h"
#include "str.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <event2/event.h>
#include <unbound.h>
#include <unbound-event.h>

/* Reasons, where they are not plain: the defaults are those of a desktop (16 ports, 1 MB caches). Minimised names cost a round trip
 * for each label, three for a DKIM key. A dead server must be given up in seconds (infra-cache-max-rtt) and tried again soon: that
 * happens when what is known of it ends, 900 s after the first question by default; infra-keep-probing does not help below a max-rtt
 * of 12 s. 1232: the size that is not fragmented. harden-below-nxdomain: RFC 8020. val-log-level 2 fills the reason of bogus answers. */
static const char fixed[] =
	"server:\n"
	"module-config: \"validator iterator\"\n"
	"do-not-query-localhost: no\n"
	"infra-cache-max-rtt: 2000\n"
	"infra-host-ttl: 15\n"
	"outbound-msg-retry: 2\n"
	"edns-buffer-size: 1232\n"
	"qname-minimisation: no\n"
	"harden-below-nxdomain: yes\n"
	"harden-dnssec-stripped: yes\n"
	"val-permissive-mode: no\n"
	"val-log-level: 2\n";

/* One in so many sockets is for TCP. When all are in use libunbound cuts the oldest off, with the questions that wait there, for the
 * next: senders with slow servers would fail the large keys of others. One costs 5 kB. */
enum { TCP_SHARE = 8 };

/* Shares of cache_bytes, in 32nds: records take most, then what answers are made of, validated keys, and denials. */
static const struct {
	const char *keyword;
	unsigned share;
} caches[] = {
	{ "rrset-cache-size", 17 },
	{ "msg-cache-size", 9 },
	{ "key-cache-size", 4 },
	{ "neg-cache-size", 2 },
};

/* The reader of settings in libunbound, and what it sets up and takes down with a context, belong to the process. */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static bool is_address(const char *text)
{
	struct as_ip ip;
	char address[AS_IP_TEXT];
	const char *at = strchr(text, '@');
	size_t n = at ? (size_t)(at - text) : strlen(text);
	if (n >= sizeof address || strspn(text, "0123456789abcdefABCDEF.:") < n)
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	if (as_ip_parse(address, &ip) != AS_OK)
		return false;
	if (!at)
		return true;
	size_t digits = strspn(at + 1, "0123456789");
	unsigned long port = digits > 0 && digits < 6 && !at[1 + digits] ? strtoul(at + 1, NULL, 10) : 0;
	return port > 0 && port < 65536;
}

/* It is written between quotes. */
static bool is_zone(const char *zone)
{
	char name[AS_DOMAIN_MAX + 2];
	size_t n = strlen(zone);
	if (strcmp(zone, ".") == 0)
		return true;
	if (n == 0 || n >= sizeof name || strpbrk(zone, "\"\\"))
		return false;
	memcpy(name, zone, n + 1);
	if (name[n - 1] == '.')
		name[n - 1] = '\0';
	return as_domain_is_queryable(name);
}

static const char *complain(struct as_arena *arena, const char *text, const char *what)
{
	return as_printf(arena, "\"%s\" is not %s", as_escape(arena, text, strlen(text), 80), what);
}

static const char *complain_addresses(struct as_arena *arena, const char **list)
{
	for (; list && *list; list++)
		if (!is_address(*list))
			return complain(arena, *list, "an address (ADDRESS or ADDRESS@PORT)");
	return NULL;
}

const char *as_dns_unbound_complaint(struct as_arena *arena, const struct as_dns_unbound_options *options)
{
	const char *complaint = complain_addresses(arena, options->forward);
	if (!complaint && options->mode == AS_DNS_FORWARD && (!options->forward || !*options->forward))
		complaint = "mode \"forward\" needs servers to forward to";
	for (size_t i = 0; !complaint && i < options->stub_count; i++) {
		const struct as_dns_stub *stub = &options->stubs[i];
		complaint = is_zone(stub->zone) ? complain_addresses(arena, stub->addresses) : complain(arena, stub->zone, "a zone");
		if (!complaint && (!stub->addresses || !*stub->addresses))
			complaint = as_printf(arena, "stub \"%s\" has no addresses", stub->zone);
	}
	for (const char **zone = options->insecure; !complaint && zone && *zone; zone++)
		if (!is_zone(*zone))
			complaint = complain(arena, *zone, "a zone");
	if (!complaint && strpbrk(options->trust_anchor, "\"\n"))
		complaint = complain(arena, options->trust_anchor, "a file name that can be used");
	return complaint;
}

static void write_stub_settings(struct as_buf *text, const struct as_dns_stub *stub)
{
	/* "test.", "invalid.", private reverse zones and others are answered NXDOMAIN by libunbound itself; a transparent zone of
	 * our own lets the questions through even when the zone is only a part of such a one. */
	as_buf_printf(text, "local-zone: \"%s\" transparent\n", stub->zone);
	if (stub->insecure)
		as_buf_printf(text, "domain-insecure: \"%s\"\n", stub->zone);
}

static void write_stub(struct as_buf *text, const struct as_dns_stub *stub)
{
	as_buf_printf(text, "stub-zone:\nname: \"%s\"\n", stub->zone);
	for (const char **address = stub->addresses; *address; address++)
		as_buf_printf(text, "stub-addr: \"%s\"\n", *address);
}

const char *as_dns_unbound_settings(struct as_arena *arena, const struct as_dns_plan *plan)
{
	const struct as_dns_unbound_options *options = plan->options;
	struct as_buf text = as_buf_new(arena);
	as_buf_puts(&text, fixed);
	for (size_t i = 0; options->cache_bytes && i < sizeof caches / sizeof caches[0]; i++)
		as_buf_printf(&text, "%s: %zu\n", caches[i].keyword, options->cache_bytes / 32 * caches[i].share);
	unsigned connections = plan->range / TCP_SHARE, ports = plan->range - connections;
	as_buf_printf(&text, "outgoing-range: %u\nnum-queries-per-thread: %u\noutgoing-num-tcp: %u\n", ports, ports, connections + 1);
	if (plan->anchor)
		as_buf_printf(&text, "trust-anchor-file: \"%s\"\n", options->trust_anchor);
	/* A forwarder inside the network may know private addresses; the root's servers must not be asked for them. */
	if (plan->forward)
		as_buf_puts(&text, "unblock-lan-zones: yes\ninsecure-lan-zones: yes\n");
	for (const char **zone = options->insecure; zone && *zone; zone++)
		as_buf_printf(&text, "domain-insecure: \"%s\"\n", *zone);
	for (size_t i = 0; i < options->stub_count; i++)
		write_stub_settings(&text, &options->stubs[i]);
	for (size_t i = 0; i < options->stub_count; i++)
		write_stub(&text, &options->stubs[i]);
	if (plan->forward)
		as_buf_puts(&text, "forward-zone:\nname: \".\"\n");
	for (const char *const *server = plan->forward; server && *server; server++)
		as_buf_printf(&text, "forward-addr: \"%s\"\n", *server);
	return text.text;
}

static bool write_all(int fd, const char *text)
{
	size_t n = strlen(text);
	while (n > 0) {
		ssize_t done = write(fd, text, n);
		if (done < 0)
			return false;
		text += done;
		n -= (size_t)done;
	}
	return true;
}

/* libunbound reads settings from a named file only: one in memory, that nobody else can see or change. */
static bool configure(struct as_arena *arena, struct ub_ctx *ctx, const char *settings, const char **detail)
{
	char path[64];
	int fd = memfd_create("assay-dns", MFD_CLOEXEC);
	if (fd < 0 || !write_all(fd, settings)) {
		*detail = as_printf(arena, "cannot write the resolver's settings: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int err = ub_ctx_config(ctx, path);
	close(fd);
	if (err)
		*detail = as_printf(arena, "libunbound does not accept its settings: %s", ub_strerror(err));
	return err == 0;
}

static void ignore_answer(void *user, int rcode, void *packet, int size, int security, char *why_bogus, int was_ratelimited)
{
	(void)user, (void)rcode, (void)packet, (void)size, (void)security, (void)why_bogus, (void)was_ratelimited;
}

static struct ub_ctx *make_context(struct as_arena *arena, struct event_base *base, const char *settings, const char **detail)
{
	struct ub_ctx *ctx = ub_ctx_create_event(base);
	if (!ctx) {
		*detail = "libunbound cannot create a context";
		return NULL;
	}
	if (!configure(arena, ctx, settings, detail)) {
		ub_ctx_delete(ctx);
		return NULL;
	}
	/* The first question makes libunbound build its modules. "localhost" is answered from its local data, at once. */
	int err = ub_resolve_event(ctx, "localhost.", 1, 1, NULL, ignore_answer, NULL);
	if (err) {
		/* The context is left alone: after UB_INITFAIL ub_ctx_delete() of 1.17 crashes. */
		*detail = as_printf(arena, "libunbound cannot start: %s", ub_strerror(err));
		return NULL;
	}
	return ctx;
}

struct ub_ctx *as_dns_unbound_open(struct as_arena *arena, struct event_base *base, const char *settings, const char **detail)
{
	pthread_mutex_lock(&making);
	struct ub_ctx *ctx = make_context(arena, base, settings, detail);
	pthread_mutex_unlock(&making);
	return ctx;
}

void as_dns_unbound_close(struct ub_ctx *ctx)
{
	pthread_mutex_lock(&making);
	ub_ctx_delete(ctx);
	pthread_mutex_unlock(&making);
}
