/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_capture.c - the first byte says what follows it:
 *
 * P  a description and, behind its first line end, a message: framed here with the right sizes and sum, read and judged
 * M  a message: judged over a small zone and captured, and the capture judged again: no difference
 * else the whole input is a file as found on a disk
 */
#include "config.h"

#include "capture.h"
#include "dns_fake.h"
#include "str.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char zone[] =
	"$SECURE example.com.\n"
	"example.com. TXT \"v=spf1 mx a:%{h} exists:%{l}.%{d} -all\"\n"
	"example.com. MX 10 mx.example.com.\n"
	"mx.example.com. A 192.0.2.7\n"
	"_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n"
	"$BOGUS bogus.example. TXT\n"
	"$SERVFAIL _dmarc.down.example. TXT\n"
	"alias.example. CNAME example.com.\n";

static struct as_arena *common; /* of one input */
static struct as_arena *kept;   /* of the settings */
static const struct as_settings *settings;

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool is_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct as_replay *judge(struct as_arena *arena, const char *bytes, size_t n, struct as_capture *capture)
{
	const char *detail = NULL;
	char *trouble = NULL;
	if (as_capture_read(arena, bytes, n, capture, &detail) != AS_OK) {
		must(detail != NULL);
		return NULL;
	}
	must(detail == NULL && capture->path && capture->action && capture->rule && capture->log_line);
	struct as_replay *replay = as_replay_new(settings, capture, NULL, &trouble);
	must(replay != NULL);
	(void)as_replay_missing(replay);
	return replay;
}

/* A file that is there, whatever is in it, is judged in one way. */
static void whole(const char *bytes, size_t n)
{
	struct as_arena *arena = as_arena_new();
	struct as_capture capture;
	struct as_replay *first = judge(arena, bytes, n, &capture), *second = first ? judge(arena, bytes, n, &capture) : NULL;
	if (first)
		must(is_equal(first->verdict.log_line, second->verdict.log_line));
	as_replay_free(first);
	as_replay_free(second);
	as_arena_free(arena);
}

static void framed(const char *text, size_t n)
{
	struct as_arena *arena = as_arena_new();
	const char *end = memchr(text, '\n', n);
	if (end) {
		struct as_buf file = as_buf_new(arena);
		as_buf_printf(&file, AS_CAPTURE_MAGIC " %zu %zu %016llx\n", (size_t)(end - text), (size_t)(text + n - end - 1),
			      (unsigned long long)as_capture_sum(text, n));
		as_buf_add(&file, text, n);
		whole(file.text, file.length);
	}
	as_arena_free(arena);
}

/* HELO, MAIL and two lines of a header are the first lines; the rest is a body. */
static const char *line(struct as_arena *arena, const char **at, const char *end)
{
	const char *lf = memchr(*at, '\n', (size_t)(end - *at));
	const char *text = as_strndup(arena, *at, (size_t)((lf ? lf : end) - *at));
	*at = lf ? lf + 1 : end;
	return text;
}

static struct as_env *new_env(struct as_dns_fake *fake)
{
	struct as_dns_options options = { .cache_bytes = 1 << 16, .max_ttl_s = 3600, .failure_ttl_s = 1 };
	const char *detail;
	char *trouble;
	must(as_dns_fake_load(fake, common, zone, sizeof zone - 1, &detail) == AS_OK);
	const struct as_clock *clock = as_dns_fake_clock(fake);
	return as_env_new(as_arena_new(), settings, as_dns_new(as_dns_fake_backend(fake), &options, clock), clock, NULL, &trouble);
}

static void round_trip(const char *at, size_t n)
{
	const char *end = at + n;
	struct as_ip client = { .family = 4, .bytes = { [10] = 0xff, 0xff, 192, 0, 2, 7 } };
	struct as_arena *arena = as_arena_new();
	struct as_dns_fake *fake = as_dns_fake_new(1800000000);
	struct as_env *env = new_env(fake);
	struct as_session *session = as_engine_connect(env, &client, NULL, "mx.example.net");
	as_engine_helo(session, line(arena, &at, end));
	const char *path = line(arena, &at, end);
	struct as_message *message = as_engine_mail(session, NULL, path, false);
	as_capture_begin(message, true);
	for (int i = 0; i < 3; i++) {
		const char *name = i ? "From" : "Authentication-Results", *value = at;
		at = memchr(at, '\n', (size_t)(end - at)) ? (const char *)memchr(at, '\n', (size_t)(end - at)) + 1 : end;
		as_engine_header(message, name, strlen(name), value, (size_t)(at - value));
	}
	as_engine_eoh(message);
	as_engine_body(message, (const unsigned char *)at, (size_t)(end - at));
	struct as_verdict verdict;
	struct as_capture capture;
	size_t size;
	as_engine_eom(message, NULL, NULL, NULL, &verdict);
	const char *bytes = as_capture_make(message, &verdict, NULL, 0, &size);
	must(bytes || n > 4096);
	struct as_replay *replay = bytes ? judge(arena, bytes, size, &capture) : NULL;
	must(!bytes || replay);
	if (replay && !capture.is_cut) {
		must(!as_replay_missing(replay));
		must(is_equal(verdict.log_line, replay->verdict.log_line));
		must(is_equal(as_capture_results(&verdict), as_capture_results(&replay->verdict)));
		must(verdict.edit_count == replay->verdict.edit_count);
	}
	as_replay_free(replay);
	as_engine_end(message);
	as_engine_close(session);
	as_env_unref(env);
	as_dns_fake_free(fake);
	as_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *detail;
	if (size > 1 << 17)
		return 0;
	if (!kept) {
		as_spf_global_init();
		kept = as_arena_new();
		must(as_settings_parse(kept, "fuzz", "capture { maximum-bytes = 1m }", &settings, &detail) == AS_OK);
	}
	common = as_arena_new();
	if (size > 0 && data[0] == 'P')
		framed((const char *)data + 1, size - 1);
	else if (size > 0 && data[0] == 'M')
		round_trip((const char *)data + 1, size - 1);
	else
		whole((const char *)data, size);
	as_arena_free(common);
	common = NULL;
	return 0;
}
