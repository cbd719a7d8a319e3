/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_crowd.c - recipients in the order of their domains read from the end, so that a pattern such as ".example.com" names neighbours.
 *
 * A rule with few values looks each of them up; one with more values than there are recipients looks up every free recipient among its
 * values. Whoever is taken is skipped by all later rules in one step (next_free).
 */
#include "config.h"

#include "rule_crowd.h"

#include <stdlib.h>
#include <string.h>

struct person {
	const char *address, *domain;
	size_t domain_length;
};

struct as_crowd {
	struct as_arena *arena;
	struct person *list;        /* each once; by domain from its end, then by address */
	size_t count, left;
	size_t *next;               /* of each place: itself when it is free, else a later one; count at the end */
	const struct person **by_address; /* NULL before it is needed */
};

/* Reads both from their ends. A text that ends with `end` is greater, or equal to it. */
static int compare_ends(const char *text, size_t text_length, const char *end, size_t end_length)
{
	size_t n = text_length < end_length ? text_length : end_length;
	for (size_t i = 1; i <= n; i++) {
		unsigned char a = (unsigned char)text[text_length - i], b = (unsigned char)end[end_length - i];
		if (a != b)
			return a < b ? -1 : 1;
	}
	return text_length < end_length ? -1 : text_length > end_length;
}

static int compare_people(const void *a, const void *b)
{
	const struct person *x = a, *y = b;
	int order = compare_ends(x->domain, x->domain_length, y->domain, y->domain_length);
	return order ? order : strcmp(x->address, y->address);
}

static int compare_addresses(const void *a, const void *b)
{
	return strcmp((*(const struct person *const *)a)->address, (*(const struct person *const *)b)->address);
}

struct as_crowd *as_crowd_new(struct as_arena *arena, const struct as_recipient *recipients, size_t count)
{
	struct as_crowd *crowd = as_alloc(arena, sizeof *crowd);
	struct person *list = as_alloc_array(arena, count, sizeof *list);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		list[i] = (struct person){ recipients[i].address, recipients[i].domain, strlen(recipients[i].domain) };
	qsort(list, count, sizeof *list, compare_people);
	for (size_t i = 0; i < count; i++)
		if (!kept || compare_people(&list[kept - 1], &list[i]) != 0)
			list[kept++] = list[i];
	*crowd = (struct as_crowd){ .arena = arena, .list = list, .count = kept, .left = kept };
	crowd->next = as_alloc_array(arena, kept + 1, sizeof *crowd->next);
	for (size_t i = 0; i <= kept; i++)
		crowd->next[i] = i;
	return crowd;
}

size_t as_crowd_left(const struct as_crowd *crowd)
{
	return crowd->left;
}

/* The first free place from i on; count: none. Paths are halved on the way. */
static size_t next_free(struct as_crowd *crowd, size_t i)
{
	size_t *next = crowd->next;
	while (next[i] != i) {
		next[i] = next[next[i]];
		i = next[i];
	}
	return i;
}

static void keep(struct as_crowd *crowd, size_t i)
{
	crowd->next[i] = i + 1;
	crowd->left--;
}

static const struct as_condition *find(const struct as_rule *rule, enum as_condition_id id)
{
	for (size_t i = rule->recipient_at; i < rule->count; i++)
		if (rule->conditions[i].id == id)
			return &rule->conditions[i];
	return NULL;
}

static bool has_address(const struct as_condition *c, const char *address)
{
	return !c || as_text_is_in(c->names, c->count, address);
}

static bool has_domain(const struct as_condition *c, const char *domain)
{
	return !c || as_pattern_has(c->names, c->count, domain);
}

/* Every free one against the rule. */
static bool take_by_people(struct as_crowd *crowd, const struct as_condition *address, const struct as_condition *domain, bool keeps)
{
	bool found = false;
	for (size_t i = next_free(crowd, 0); i < crowd->count && (keeps || !found); i = next_free(crowd, i + 1)) {
		if (!has_address(address, crowd->list[i].address) || !has_domain(domain, crowd->list[i].domain))
			continue;
		found = true;
		if (keeps)
			keep(crowd, i);
	}
	return found;
}

/* The first place whose domain is not less than the pattern, and behind those that fit it: ".x" is the end of a domain, "x" the whole. */
static size_t first_of(const struct as_crowd *crowd, const char *pattern, size_t n)
{
	size_t low = 0, high = crowd->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct person *p = &crowd->list[middle];
		if (compare_ends(p->domain, p->domain_length, pattern, n) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool fits(const struct person *p, const char *pattern, size_t n)
{
	if (p->domain_length < n || memcmp(p->domain + p->domain_length - n, pattern, n) != 0)
		return false;
	return p->domain_length == n || *pattern == '.';
}

static bool take_by_domains(struct as_crowd *crowd, const struct as_condition *domain, bool keeps)
{
	bool found = false;
	for (size_t k = 0; k < domain->count && (keeps || !found); k++) {
		const char *pattern = domain->names[k];
		size_t n = strlen(pattern);
		size_t i = next_free(crowd, first_of(crowd, pattern, n));
		for (; i < crowd->count && fits(&crowd->list[i], pattern, n) && (keeps || !found); i = next_free(crowd, i + 1)) {
			found = true;
			if (keeps)
				keep(crowd, i);
		}
	}
	return found;
}

static const struct person **by_address(struct as_crowd *crowd)
{
	if (crowd->by_address)
		return crowd->by_address;
	crowd->by_address = as_alloc_array(crowd->arena, crowd->count, sizeof *crowd->by_address);
	for (size_t i = 0; i < crowd->count; i++)
		crowd->by_address[i] = &crowd->list[i];
	qsort(crowd->by_address, crowd->count, sizeof *crowd->by_address, compare_addresses);
	return crowd->by_address;
}

static size_t first_address(const struct person *const *list, size_t count, const char *address)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(list[middle]->address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool take_by_addresses(struct as_crowd *crowd, const struct as_condition *address, const struct as_condition *domain, bool keeps)
{
	const struct person **list = by_address(crowd);
	bool found = false;
	for (size_t k = 0; k < address->count && (keeps || !found); k++) {
		for (size_t i = first_address(list, crowd->count, address->names[k]);
		     i < crowd->count && strcmp(list[i]->address, address->names[k]) == 0; i++) {
			size_t place = (size_t)(list[i] - crowd->list);
			if (crowd->next[place] != place || !has_domain(domain, list[i]->domain))
				continue;
			found = true;
			if (keeps)
				keep(crowd, place);
		}
	}
	return found;
}

bool as_crowd_take(struct as_crowd *crowd, const struct as_rule *rule, bool keeps)
{
	const struct as_condition *address = find(rule, AS_IF_RECIPIENT), *domain = find(rule, AS_IF_RECIPIENT_DOMAIN);
	size_t values = address ? address->count : domain->count;
	if (crowd->left <= values)
		return take_by_people(crowd, address, domain, keeps);
	return address ? take_by_addresses(crowd, address, domain, keeps) : take_by_domains(crowd, domain, keeps);
}
