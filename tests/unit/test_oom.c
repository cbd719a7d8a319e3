/* SPDX-License-Identifier: BSD-2-Clause */
/* test_oom.c - each allocation of a whole message fails once, in our code and in the libraries'; and from each on all fail until the reserve
 * is given up. The message gets the verdict that it has otherwise, or is deferred; nothing else, and nothing is left behind.
 *
 * usage: test_oom [FILE...]      scenario files instead of the chosen ones
 */
#include "config.h"

#include "dns_fake.h"
#include "heap.h"
#include "libraries.h"
#include "sanitized.h"
#include "scenario.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77, RESERVE_LEAST = 8 << 20, WRONG_MOST = 5, OUT_OF_MEMORY = 3 };

extern void (*SPF_error_handler)(const char *file, int line, const char *message); /* libspf2's, whose header defines too much */

/* --- the heap, glibc's with faults ------------------------------------------------------------------------------------- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static struct {
	bool is_armed;     /* counting */
	bool stays;        /* empty from the fault on until the reserve is given up */
	size_t calls;      /* while armed */
	size_t fault;      /* the call that fails, from 1; 0: none */
	long live;         /* blocks */
} heap;

#if !IS_SANITIZED

static bool is_empty(void)
{
	if (!heap.is_armed)
		return false;
	heap.calls++;
	bool fails = heap.fault && (heap.stays ? heap.calls >= heap.fault : heap.calls == heap.fault);
	if (fails)
		errno = ENOMEM;
	return fails;
}

static void *counted(void *block)
{
	heap.live += block != NULL;
	return block;
}

void *malloc(size_t size)
{
	return is_empty() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return is_empty() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
	if (is_empty())
		return NULL;
	void *bigger = __libc_realloc(block, size);
	heap.live += !block && bigger;
	heap.live -= block && !size;
	return bigger;
}

void *memalign(size_t alignment, size_t size)
{
	return is_empty() ? NULL : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
	*block = memalign(alignment, size);
	return *block ? 0 : ENOMEM;
}

void free(void *block)
{
	heap.live -= block != NULL;
	__libc_free(block);
}

/* The reserve's way back. */
int munmap(void *pages, size_t size)
{
	if (size >= RESERVE_LEAST && heap.is_armed)
		heap.fault = 0; /* there is room again */
	return (int)syscall(SYS_munmap, pages, size);
}

#endif

/* --- messages --------------------------------------------------------------------------------------------------------- */

static void feed_field(void *user, const char *name, size_t name_length, const char *value, size_t value_length)
{
	as_engine_header(user, name, name_length, value, value_length);
}

/* One message, its allocations counted or failing; the report in the arena. */
static const char *judge(struct as_arena *arena, const struct as_scenario *s, size_t fault, bool stays)
{
	struct as_dns_fake *fake;
	struct as_env *env = as_scenario_env(s, &fake);
	struct as_verdict verdict;
	struct as_ip client;
	(void)as_ip_parse(s->client, &client); /* scenario files are right */
	(void)as_heap_is_short();              /* it is not any more */
	heap.fault = fault;
	heap.stays = stays;
	heap.calls = 0;
	heap.is_armed = true;
	struct as_session *session = as_engine_connect(env, &client, NULL, s->hostname);
	if (s->helo)
		as_engine_helo(session, s->helo);
	struct as_message *message = as_engine_mail(session, NULL, s->from, s->is_authenticated);
	for (size_t i = 0; i < s->recipient_count; i++)
		as_engine_rcpt(message, s->recipients[i]);
	const char *body = as_scenario_fields(s, feed_field, message);
	as_engine_eoh(message);
	as_engine_body(message, (const unsigned char *)body, (size_t)(s->message + s->message_size - body));
	as_engine_eom(message, "4XyZ", NULL, NULL, &verdict);
	heap.is_armed = false;
	const char *report = as_scenario_describe(arena, &verdict);
	as_engine_end(message);
	as_engine_close(session);
	as_env_unref(env);
	as_dns_fake_free(fake);
	return report;
}

static bool is_allowed(const char *report, const char *expected)
{
	return strcmp(report, expected) == 0 || strncmp(report, "action: tempfail\n", 17) == 0 || strstr(report, "\nrule: internal-error\n");
}

static bool try_here(const struct as_scenario *s, const char *expected, size_t fault, bool stays)
{
	long before = heap.live;
	struct as_arena *arena = as_arena_new();
	const char *report = judge(arena, s, fault, stays);
	bool is_right = is_allowed(report, expected);
	if (!is_right)
		printf("%s: allocation %zu%s\n--- expected\n%s--- got\n%s---\n", s->name, fault, stays ? " and on" : "", expected, report);
	as_arena_free(arena);
	(void)as_heap_is_short();
	if (heap.live != before)
		printf("%s: allocation %zu%s: %ld blocks are left\n", s->name, fault, stays ? " and on" : "", heap.live - before);
	return is_right && heap.live == before;
}

/* libspf2 cannot go on when it finds no memory for an error that it found. */
static void end_of_libspf2(const char *file, int line, const char *message)
{
	(void)file, (void)line, (void)message; /* said by the exit status */
	_exit(OUT_OF_MEMORY);
}

/* In a process of its own, which may end that way. */
static bool try_fault(const struct as_scenario *s, const char *expected, size_t fault, bool stays, unsigned *ended)
{
	int status = 0;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		bool is_right = try_here(s, expected, fault, stays);
		fflush(NULL);
		_exit(is_right ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == OUT_OF_MEMORY)
		++*ended;
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
		printf("%s: allocation %zu%s: status %#x\n", s->name, fault, stays ? " and on" : "", (unsigned)status);
	return WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_SUCCESS || WEXITSTATUS(status) == OUT_OF_MEMORY);
}

static bool run(const char *file)
{
	struct as_arena *arena = as_arena_new();
	struct as_scenario s;
	as_scenario_read(arena, file, &s);
	const char *expected = judge(arena, &s, 0, false); /* what libraries keep for good is made now */
	size_t calls = heap.calls, wrong = 0;
	unsigned ended = 0;
	for (size_t fault = 1; fault <= calls && wrong < WRONG_MOST; fault++)
		wrong += !try_fault(&s, expected, fault, false, &ended) + !try_fault(&s, expected, fault, true, &ended);
	printf("%s %s, %zu allocations; libspf2 ended %u\n", wrong ? "FAILED" : "ok    ", s.name, calls, ended);
	as_arena_free(arena);
	return !wrong;
}

int main(int argc, char **argv)
{
	static const char *const chosen[] = {
		"arc-trusted", "body-changed", "dns-timeout", "iprev-pass", "list-proven-arc", "mailcleaner-379", "opendkim-49-servfail",
		"pass-ed25519", "pass-rsa-spf", "psl", "report-only", "rule-recipient", "sha1", "spf-explanation", "spoof-reject", "u-label", NULL,
	};
	unsigned failed = 0;
	if (IS_SANITIZED) {
		puts("skipped: the sanitizer has a heap of its own");
		return SKIPPED;
	}
	as_libraries_init();
	as_heap_reserve();
	SPF_error_handler = end_of_libspf2;
	for (int i = 1; i < argc; i++)
		failed += !run(argv[i]);
	for (size_t i = 0; argc < 2 && chosen[i]; i++) {
		char file[4096];
		snprintf(file, sizeof file, "%s/scenario/cases/%s.scn", AS_TEST_SRCDIR, chosen[i]);
		failed += !run(file);
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
