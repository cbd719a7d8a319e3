/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_libspf2.c - hands programs to libspf2 as records of our own words; the only file that includes its headers.
 *
 * A program becomes "v=spf1 -exists:m3.invalid +include:x4.invalid redirect=x5.invalid". libspf2 asks for the record of
 * x4.invalid through get_spf and for the address of m3.invalid through lookup; both hooks read the number back. Every other
 * string libspf2 sees is a constant below.
 *
 * libspf2 aborts the process in SPF_error(). Its callers, and why they are out of reach:
 *  - SPF_server_new*: gethostname() failed, the built-in texts do not compile. The server is filled in here instead.
 *  - a lookup hook that returns NULL, NULL arguments, no sender domain: never given.
 *  - "2mx" without a recipient, a record with two prefix lengths: never asked for, never written.
 *  - no memory, twice in a row: as_oom(). So it is looked for beforehand, when the reserve can still be given up (heap.h).
 */
#include "config.h"

#include "spf_libspf2.h"

#include "arena.h"
#include "spf_check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <spf2/spf.h>

enum {
	NAME_MAX_BYTES = 32,  /* "m4294967295.invalid" */
	RECORD_BYTES = 8 + AS_SPF_STEPS_MAX * (10 + NAME_MAX_BYTES), /* compiled it stays below the 511 bytes libspf2 has room for */
	ROOM = 64 << 10,      /* more than an evaluation takes */
	NO_LIMIT = 10000, /* libspf2 counts anew in every include, so its limits limit nothing; the driver counts for all of them */
};

static const char sender[] = "p@x0.invalid";

struct evaluation {
	const struct as_spf_driver *driver;
	bool is_stopped;
};

__attribute__((noreturn)) static void end_process(const char *file, int line, const char *message)
{
	(void)file, (void)line, (void)message; /* only lack of memory leads here */
	as_oom();
}

void as_spf_global_init(void)
{
	SPF_error_handler = end_process;
	SPF_warning_handler = NULL;
	SPF_info_handler = NULL;
	SPF_debug_handler = NULL;
}

/* The number in a name of ours, if it is one: written again it must give the same name. */
static bool read_id(const char *name, char letter, unsigned *id)
{
	char again[NAME_MAX_BYTES];
	if (!name || name[0] != letter)
		return false;
	*id = (unsigned)strtoul(name + 1, NULL, 10);
	snprintf(again, sizeof again, "%c%u.invalid", letter, *id);
	return strcmp(name, again) == 0;
}

static void write_record(const struct as_spf_program *program, char text[RECORD_BYTES])
{
	static const char signs[AS_CODES] = { [AS_PASS] = '+', [AS_FAIL] = '-', [AS_SOFTFAIL] = '~', [AS_NEUTRAL] = '?' };
	static const char *const words[] = {
		[AS_SPF_STEP_MATCH] = "exists:m",
		[AS_SPF_STEP_INCLUDE] = "include:x",
		[AS_SPF_STEP_REDIRECT] = "redirect=x",
	};
	int used = snprintf(text, RECORD_BYTES, "v=spf1");
	for (size_t i = 0; i < program->count && i < AS_SPF_STEPS_MAX; i++) {
		const struct as_spf_step *step = &program->steps[i];
		const char sign[2] = { step->kind == AS_SPF_STEP_REDIRECT ? '\0' : signs[step->qualifier], '\0' };
		used += snprintf(text + used, RECORD_BYTES - (size_t)used, " %s%s%u.invalid", sign, words[step->kind], step->id);
	}
}

/* Else it would only be another reason for a temporary error. */
static SPF_errcode_t note_memory(SPF_errcode_t err)
{
	if (err == SPF_E_NO_MEMORY)
		as_heap_ran_out();
	return err;
}

static SPF_errcode_t get_spf(SPF_server_t *server, SPF_request_t *request, SPF_response_t *response, SPF_record_t **record)
{
	struct evaluation *evaluation = server->resolver->hook;
	struct as_spf_program program = { 0 };
	char text[RECORD_BYTES];
	unsigned id;
	*record = NULL;
	evaluation->is_stopped = evaluation->is_stopped || !read_id(request->cur_dom, 'x', &id)
		|| !evaluation->driver->open(evaluation->driver->user, id, &program);
	if (evaluation->is_stopped)
		return SPF_E_DNS_ERROR;
	write_record(&program, text);
	SPF_errcode_t err = note_memory(SPF_record_compile(server, response, record, text));
	evaluation->is_stopped = err != SPF_E_SUCCESS;
	return err;
}

static enum as_spf_match ask_driver(struct evaluation *evaluation, const char *name, ns_type type)
{
	unsigned id;
	if (evaluation->is_stopped || type != ns_t_a || !read_id(name, 'm', &id))
		return AS_SPF_STOP;
	return evaluation->driver->match(evaluation->driver->user, id);
}

/* NULL: there is no memory. */
static SPF_dns_rr_t *new_answer(SPF_dns_server_t *layer, const char *name, ns_type type, SPF_dns_stat_t state)
{
	SPF_dns_rr_t *answer = SPF_dns_rr_new_init(layer, name, type, 0, state);
	if (!answer || state != NETDB_SUCCESS)
		return answer;
	if (SPF_dns_rr_buf_realloc(answer, 0, sizeof *answer->rr[0]) != SPF_E_SUCCESS) {
		SPF_dns_rr_free(answer);
		return NULL;
	}
	answer->rr[0]->a.s_addr = htonl(INADDR_LOOPBACK);
	answer->num_rr = 1;
	return answer;
}

static SPF_dns_rr_t *lookup(SPF_dns_server_t *layer, const char *name, ns_type type, int should_cache)
{
	(void)should_cache; /* nothing is kept here */
	static const SPF_dns_stat_t states[] = { [AS_SPF_NO] = NO_DATA, [AS_SPF_YES] = NETDB_SUCCESS, [AS_SPF_STOP] = TRY_AGAIN };
	struct evaluation *evaluation = layer->hook;
	enum as_spf_match match = ask_driver(evaluation, name, type);
	evaluation->is_stopped = match == AS_SPF_STOP;
	SPF_dns_rr_t *answer = new_answer(layer, name, type, states[match]);
	if (!answer) {
		as_heap_ran_out();
		answer = new_answer(layer, name, type, states[match]);
	}
	if (!answer)
		as_oom(); /* NULL would end in SPF_error() */
	return answer;
}

static struct as_spf_end end_of(const struct evaluation *evaluation, SPF_response_t *response)
{
	static const struct {
		bool is_known;
		enum as_code code;
	} results[] = {
		[SPF_RESULT_NEUTRAL] = { true, AS_NEUTRAL },
		[SPF_RESULT_PASS] = { true, AS_PASS },
		[SPF_RESULT_FAIL] = { true, AS_FAIL },
		[SPF_RESULT_SOFTFAIL] = { true, AS_SOFTFAIL },
	};
	size_t result = response ? (size_t)SPF_response_result(response) : SPF_RESULT_INVALID;
	if (evaluation->is_stopped || result >= sizeof results / sizeof results[0] || !results[result].is_known)
		return (struct as_spf_end){ .is_stopped = true };
	return (struct as_spf_end){ .code = results[result].code, .is_default = SPF_response_reason(response) == SPF_REASON_DEFAULT };
}

/* The request, complete. NULL: there is no memory. */
static SPF_request_t *new_request(SPF_server_t *server)
{
	SPF_request_t *request = SPF_request_new(server);
	if (!request)
		return NULL;
	SPF_request_set_ipv4_str(request, "192.0.2.1");
	if (SPF_request_set_helo_dom(request, "h.invalid") == SPF_E_SUCCESS && SPF_request_set_env_from(request, sender) == SPF_E_SUCCESS)
		return request;
	SPF_request_free(request);
	return NULL;
}

struct as_spf_end as_spf_libspf2_evaluate(const struct as_spf_driver *driver)
{
	struct evaluation evaluation = { .driver = driver };
	char receiver[] = "receiver.invalid";
	SPF_dns_server_t layer = { .lookup = lookup, .get_spf = get_spf, .name = "assay", .hook = &evaluation };
	/* No explanation: libspf2 then uses a constant one without macros. */
	SPF_server_t server = {
		.resolver = &layer,
		.rec_dom = receiver,
		.max_dns_mech = NO_LIMIT,
		.max_dns_ptr = NO_LIMIT,
		.max_dns_mx = NO_LIMIT,
	};
	SPF_response_t *response = NULL;
	free(as_heap_alloc(ROOM));
	SPF_request_t *request = new_request(&server);
	if (!request) {
		as_heap_ran_out();
		request = new_request(&server);
	}
	if (!request)
		as_oom();
	(void)note_memory(SPF_request_query_mailfrom(request, &response)); /* the response says the rest */
	struct as_spf_end end = end_of(&evaluation, response);
	if (response)
		SPF_response_free(response);
	SPF_request_free(request);
	return end;
}
