/* SPDX-License-Identifier: BSD-2-Clause */
/* test_reply.c - reply texts and help addresses: what is refused, and what strangers' values become. */
#include "config.h"

#include "reply.h"
#include "str.h"

#include "test.h"

#include <string.h>

#define NO_URL "it must be an address such as \"https://mail.example.com/why?id=%{id}\""
#define NO_STRANGER "before the path only %{hostname} may stand: no stranger is to say where the address leads to"
#define MACROS \
	"there are %{from-domain} %{policy-domain} %{policy} %{spf} %{dkim} %{dmarc} %{client} %{helo} %{envelope-domain} %{queue-id} " \
	"%{hostname} %{rule} %{from-problem} %{spf-explanation} %{spf-helo} %{arc} %{iprev} %{client-name} %{tls} %{list-id} %{id} " \
	"%{time} %%"

static const struct { const char *url, *detail; } urls[] = {
	{ "", NULL },
	{ "https://mail.example.com/why?id=%{id}&from=%{from-domain}#%{rule}", NULL },
	{ "http://%{hostname}/", NULL },
	{ "https://[2001:db8::1]:8443/a%%20b", NULL },
	{ "https://example.com?%{helo}", NULL },
	{ "mail.example.com/why", NO_URL },
	{ "ftp://example.com/", NO_URL },
	{ "HTTPS://example.com/", NO_URL },
	{ "https://", NO_URL },
	{ "https:///why", NO_URL },
	{ "https://?%{id}", NO_URL },
	{ "https://%{from-domain}/why", NO_STRANGER },
	{ "https://example.com:%{helo}", NO_STRANGER },
	{ "https://example.com/a b", "\" \" cannot stand in an address; write it as %%20" },
	{ "https://example.com/\r\n250 ok", "\"\\x0d\" cannot stand in an address; write it as %%0D" },
	{ "https://example.com/\xc3\xa9", "\"\\xc3\" cannot stand in an address; write it as %%C3" },
	{ "https://example.com/<x>", "\"<\" cannot stand in an address; write it as %%3C" },
	{ "https://example.com/%20", "unknown macro at \"%20\"; " MACROS },
	{ "https://example.com/%%2", "unknown macro at \"%%2\"; " MACROS },
	{ "https://example.com/%%%{id}", "unknown macro at \"%%%{id}\"; " MACROS },
	{ "https://example.com/%{mood}", "unknown macro at \"%{mood}\"; " MACROS },
	{ "https://example.com/%{id", "unknown macro at \"%{id\"; " MACROS },
};

/* addresses made of strangers' words */
static void test_urls(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		const char *detail = NULL;
		enum as_err err = as_reply_check_url(arena, urls[i].url, &detail);
		if ((err == AS_OK) != !urls[i].detail || (detail && strcmp(detail, urls[i].detail ? urls[i].detail : "") != 0))
			fail_msg("%s: %s", urls[i].url, detail ? detail : "accepted");
	}
	as_arena_free(arena);
}

static void test_long_url(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const char *detail = NULL;
	char *url = as_printf(arena, "https://example.com/%0*d", AS_REPLY_URL_MAX - 20, 0);
	assert_int_equal(strlen(url), AS_REPLY_URL_MAX);
	assert_int_equal(as_reply_check_url(arena, url, &detail), AS_OK);
	assert_int_equal(as_reply_check_url(arena, as_printf(arena, "%s0", url), &detail), AS_ERR_RANGE);
	assert_string_equal(detail, "a reply has at most 250 characters");
	as_arena_free(arena);
}

/* The value of %{helo}; what the line becomes. */
static const struct { const char *text, *url, *helo, *line; } lines[] = {
	{ "no", "", "x", "no" },
	{ "no %{helo}", "https://example.com/%{helo}", "mx.example.org", "no mx.example.org; see https://example.com/mx.example.org" },
	{ "no", "https://example.com/%{helo}", NULL, "no; see https://example.com/-" },
	{ "no", "https://example.com/%{helo}", "", "no; see https://example.com/-" },
	{ "no", "https://example.com/?a=%{helo}&b", "a&b=c d?#/%\"<>'", "no; see https://example.com/?a=a%26b%3Dc%20d%3F%23%2F%25%22%3C%3E%27&b" },
	{ "%{helo}", "https://example.com/%{helo}", "\r\n250 \xc3\xa9\\\x7f",
	  "\\x0d\\x0a250 \\xc3\\xa9\\x5c\\x7f; see https://example.com/%0D%0A250%20%C3%A9%5C%7F" },
	{ "%{helo}", "https://example.com/%{helo}", "%{client}", "%{client}; see https://example.com/%25%7Bclient%7D" },
	{ "100%%", "https://example.com/%%41%%", "x", "100%; see https://example.com/%41%" },
	{ "", "https://example.com/", "x", "-; see https://example.com/" },
};

static void test_lines(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		const struct as_reply_values values = { .of = { [AS_REPLY_HELO] = lines[i].helo, [AS_REPLY_CLIENT] = "192.0.2.1" } };
		assert_string_equal(as_reply_line(arena, lines[i].text, lines[i].url, &values), lines[i].line);
	}
	as_arena_free(arena);
}

static char *repeat(struct as_arena *arena, char c, size_t n)
{
	char *text = as_alloc(arena, n + 1);
	memset(text, c, n);
	return text;
}

/* The text gives way to the address, never the other way round; an address that a stranger makes too long is not there. */
static void test_bounds(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	static const char base[] = "https://example.com/"; /* 20 */
	for (size_t text = 0; text <= 500; text += 7) {
		for (size_t value = 1; value <= 300; value++) {
			const struct as_reply_values values = { .of = { [AS_REPLY_HELO] = repeat(arena, 'h', value) } };
			const char *line = as_reply_line(arena, repeat(arena, 't', text), "https://example.com/%{helo}", &values);
			const char *url = strstr(line, "; see https://");
			size_t taken = value < 255 ? value : 255; /* no value is longer */
			bool fits = strlen(base) + taken <= AS_REPLY_URL_MAX;
			assert_true(strlen(line) <= AS_REPLY_MAX);
			assert_int_equal(url != NULL, fits);
			if (url)
				assert_int_equal(strlen(url), strlen("; see ") + strlen(base) + taken);
			bool is_whole = text + (url ? strlen(url) : 0) <= AS_REPLY_MAX;
			assert_int_equal(strncmp(line, "-", 1) == 0, text == 0);
			if (text)
				assert_int_equal(strstr(line, "...") == NULL, is_whole);
		}
	}
	/* three characters each */
	const struct as_reply_values spaces = { .of = { [AS_REPLY_HELO] = repeat(arena, ' ', 77) } };
	assert_null(strstr(as_reply_line(arena, "no", "https://example.com/%{helo}", &spaces), "see"));
	const struct as_reply_values fewer = { .of = { [AS_REPLY_HELO] = repeat(arena, ' ', 76) } };
	assert_non_null(strstr(as_reply_line(arena, "no", "https://example.com/%{helo}", &fewer), "see"));
	as_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_long_url),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
