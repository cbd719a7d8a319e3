/* SPDX-License-Identifier: BSD-2-Clause */
/* arc_sets.c - sorts the ARC fields of a header into sets. */
#include "config.h"

#include "arc_sets.h"

#include "authres_lex.h"
#include "str.h"

enum kind { RESULTS, MESSAGE, SEAL, KINDS };

static const char *const names[KINDS] = { "ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal" };

enum { RESULTS_BYTES_MOST = 65536, FOUND_MOST = KINDS * AS_ARC_INSTANCE_MAX };

struct found {
	enum kind kind;
	const struct as_field *field;
};

struct job {
	struct as_arena *arena;
	int64_t now_s, drift_s;
	size_t found_count;
	struct found found[FOUND_MOST];
	struct as_arc_sets *out;
};

/* The first problem counts. */
static void refuse(struct job *job, const char *problem)
{
	if (!job->out->problem)
		job->out->problem = problem;
}

static const char *tell(struct job *job, const char *what, enum kind kind, size_t instance)
{
	return as_printf(job->arena, "%s %s i=%zu", what, names[kind], instance);
}

/* Every ARC field; more than there may be of one kind: no chain, and no more than a look at each. */
static bool gather(struct job *job, const struct as_fields *fields)
{
	size_t counts[KINDS] = { 0 };
	for (size_t i = 0; i < fields->count; i++) {
		const struct as_field *field = &fields->list[i];
		for (int kind = 0; kind < KINDS; kind++) {
			if (!as_field_is(field, names[kind]))
				continue;
			if (++counts[kind] > AS_ARC_INSTANCE_MAX) {
				refuse(job, "more than 50 sets");
				return true;
			}
			job->found[job->found_count++] = (struct found){ (enum kind)kind, field };
			break;
		}
	}
	if (job->found_count && fields->is_cut)
		refuse(job, "header too large");
	return job->found_count > 0;
}

static size_t skip_cfws(const char *value, size_t n)
{
	size_t at = 0;
	for (size_t size = 1; at < n && size > 0; at += size)
		size = value[at] == '(' ? as_lex_comment_size(value + at, n - at) : as_lex_fws_size(value + at, n - at);
	return at;
}

static bool takes(const char *value, size_t n, size_t *at, char c)
{
	*at += skip_cfws(value + *at, n - *at);
	if (*at == n || value[*at] != c)
		return false;
	(*at)++;
	return true;
}

size_t as_arc_instance_read(const char *value, size_t n, unsigned *instance)
{
	enum { DIGITS_MOST = 2 };
	size_t at = 0, digits = 0;
	*instance = 0;
	if (!takes(value, n, &at, 'i') || !takes(value, n, &at, '='))
		return 0;
	at += skip_cfws(value + at, n - at);
	for (; at < n && as_is_digit(value[at]) && digits <= DIGITS_MOST; at++, digits++)
		*instance = *instance * 10 + (unsigned)(value[at] - '0');
	bool is_valid = digits > 0 && digits <= DIGITS_MOST && *instance >= 1 && *instance <= AS_ARC_INSTANCE_MAX;
	return is_valid && takes(value, n, &at, ';') ? at : 0;
}

/* The set's place for a field of this kind. */
static const struct as_field **slot(struct as_arc_set *set, enum kind kind)
{
	const struct as_field **const slots[KINDS] = { &set->results, &set->message, &set->seal };
	return slots[kind];
}

static unsigned read_instance(struct job *job, const struct found *found, struct as_dkim_parsed *parsed)
{
	static const enum as_signature_kind kinds[KINDS] = { [MESSAGE] = AS_SIGNATURE_ARC_MESSAGE, [SEAL] = AS_SIGNATURE_ARC_SEAL };
	if (found->kind != RESULTS) {
		as_dkim_signature_parse(job->arena, found->field, kinds[found->kind], job->now_s, job->drift_s, parsed);
		return parsed->instance;
	}
	unsigned instance = 0;
	if (found->field->value_length > RESULTS_BYTES_MOST)
		refuse(job, "ARC-Authentication-Results too large");
	else if (!as_arc_instance_read(found->field->value, found->field->value_length, &instance))
		instance = 0;
	return instance;
}

static void place(struct job *job, const struct found *found)
{
	struct as_dkim_parsed parsed = { 0 };
	unsigned instance = read_instance(job, found, &parsed);
	if (!instance) {
		refuse(job, as_printf(job->arena, "%s: %s", names[found->kind], parsed.reason ? parsed.reason : "instance not valid"));
		return;
	}
	struct as_arc_set *set = &job->out->list[instance - 1];
	const struct as_field **place = slot(set, found->kind);
	if (*place) {
		refuse(job, tell(job, "more than one", found->kind, instance));
		return;
	}
	*place = found->field;
	if (found->kind != RESULTS)
		*(found->kind == SEAL ? &set->seal_parsed : &set->message_parsed) = parsed;
	if (instance > job->out->count)
		job->out->count = instance;
}

/* RFC 8617 5.2 step 3, and what has to be usable of a set; of message signatures only the newest has to. */
static void check_set(struct job *job, size_t instance)
{
	struct as_arc_set *set = &job->out->list[instance - 1];
	for (int kind = 0; kind < KINDS; kind++)
		if (!*slot(set, (enum kind)kind)) {
			refuse(job, tell(job, "no", (enum kind)kind, instance));
			return;
		}
	if (set->seal_parsed.code != AS_NONE)
		refuse(job, as_printf(job->arena, "ARC-Seal i=%zu: %s", instance, set->seal_parsed.reason));
	else if (set->seal_parsed.chain != (instance == 1 ? AS_NONE : AS_PASS))
		refuse(job, as_printf(job->arena, "ARC-Seal i=%zu: cv=%s", instance, as_code_name(set->seal_parsed.chain)));
	else if (instance == job->out->count && set->message_parsed.code != AS_NONE)
		refuse(job, as_printf(job->arena, "ARC-Message-Signature i=%zu: %s", instance, set->message_parsed.reason));
}

bool as_arc_sets_read(struct as_arena *arena, const struct as_fields *fields, int64_t now_s, int64_t drift_s, struct as_arc_sets *sets)
{
	struct job job = { .arena = arena, .now_s = now_s, .drift_s = drift_s, .out = sets };
	*sets = (struct as_arc_sets){ 0 };
	if (!gather(&job, fields))
		return false;
	if (sets->problem)
		return true;
	sets->list = as_alloc_array(arena, AS_ARC_INSTANCE_MAX, sizeof *sets->list);
	for (size_t i = 0; i < job.found_count; i++)
		place(&job, &job.found[i]);
	struct as_arc_set *newest = sets->count ? &sets->list[sets->count - 1] : NULL;
	if (newest && newest->seal && newest->seal_parsed.chain == AS_FAIL)
		sets->problem = "the newest ARC-Seal says cv=fail"; /* RFC 8617 5.2 step 2: whatever else there is */
	for (size_t i = 1; i <= sets->count && !sets->problem; i++)
		check_set(&job, i);
	return true;
}
