/* SPDX-License-Identifier: BSD-2-Clause */
/* replay.c - runs a fuzz entry without libFuzzer: every file of its corpus, then a fixed number of deterministic mutations of them.
 *
 * The same entry files are built with libFuzzer by `configure CC=clang --enable-fuzzing`.
 * usage: fuzz_NAME [MUTATIONS [SEED]]
 */
#include "config.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES_MAX = 4096, BYTES_MAX = 1 << 17, MUTATIONS = 3000 };

struct input {
	uint8_t *bytes;
	size_t size;
};

static struct input inputs[FILES_MAX];
static size_t input_count;
static uint64_t state;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void load(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file || input_count == FILES_MAX) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	struct input *input = &inputs[input_count++];
	input->bytes = malloc(BYTES_MAX);
	input->size = input->bytes ? fread(input->bytes, 1, BYTES_MAX, file) : 0;
	fclose(file);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void load_corpus(const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, by_name);
	if (n < 0) {
		perror(folder);
		exit(EXIT_FAILURE);
	}
	for (int i = 0; i < n; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			load(path);
		free(entries[i]);
	}
	free(entries);
}

/* A few small changes: bytes set, runs removed, runs copied from another input. */
static size_t mutate(uint8_t *out, const struct input *from)
{
	size_t size = from->size;
	memcpy(out, from->bytes, size);
	for (uint64_t changes = 1 + next_random() % 6; changes > 0; changes--) {
		size_t at = size ? next_random() % size : 0;
		size_t run = next_random() % 40;
		const struct input *other = &inputs[next_random() % input_count];
		switch (next_random() % 4) {
		case 0:
			if (size)
				out[at] = (uint8_t)next_random();
			break;
		case 1:
			if (size)
				out[at] ^= (uint8_t)(1U << next_random() % 8);
			break;
		case 2:
			run = run > size - at ? size - at : run;
			memmove(out + at, out + at + run, size - at - run);
			size -= run;
			break;
		default:
			run = run > other->size ? other->size : run;
			if (run == 0 || size + run > BYTES_MAX)
				break;
			memmove(out + at + run, out + at, size - at);
			memcpy(out + at, other->bytes + next_random() % (other->size - run + 1), run);
			size += run;
			break;
		}
	}
	return size;
}

int main(int argc, char **argv)
{
	unsigned long mutations = argc > 1 ? strtoul(argv[1], NULL, 10) : MUTATIONS;
	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 0x9e3779b97f4a7c15ULL;
	load_corpus(AS_TEST_SRCDIR "/fuzz/corpus/" AS_FUZZ_NAME);
	for (size_t i = 0; i < input_count; i++)
		LLVMFuzzerTestOneInput(inputs[i].bytes, inputs[i].size);
	uint8_t *changed = malloc(BYTES_MAX);
	if (!changed || input_count == 0) {
		fprintf(stderr, "no corpus\n");
		return EXIT_FAILURE;
	}
	for (unsigned long i = 0; i < mutations; i++)
		LLVMFuzzerTestOneInput(changed, mutate(changed, &inputs[next_random() % input_count]));
	printf("%s: %zu inputs, %lu mutations\n", AS_FUZZ_NAME, input_count, mutations);
	free(changed);
	for (size_t i = 0; i < input_count; i++)
		free(inputs[i].bytes);
	return EXIT_SUCCESS;
}
