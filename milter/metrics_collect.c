/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics_collect.c - asks the service and, on Linux, /proc. */
#include "config.h"

#include "metrics_collect.h"

#include "heap.h"
#include "logger.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void look_at_memory(struct as_metrics_state *state)
{
	long long total, resident, page = sysconf(_SC_PAGESIZE);
	FILE *file = fopen("/proc/self/statm", "re");
	if (!file)
		return;
	if (fscanf(file, "%lld %lld", &total, &resident) == 2 && page > 0) {
		state->virtual_bytes = total * page;
		state->resident_bytes = resident * page;
	}
	fclose(file);
}

/* Entries of a folder of numbers; -1: no such folder. */
static int64_t entries_of(const char *path)
{
	int64_t n = 0;
	DIR *folder = opendir(path);
	if (!folder)
		return -1;
	for (const struct dirent *entry; (entry = readdir(folder));)
		n += *entry->d_name != '.';
	closedir(folder);
	return n;
}

static void look_at_process(struct as_metrics_state *state)
{
	struct rlimit limit;
	struct rusage usage;
	state->resident_bytes = state->virtual_bytes = state->most_descriptors = state->cpu_us = -1;
	state->threads = entries_of("/proc/self/task");
	state->descriptors = entries_of("/proc/self/fd");
	state->descriptors -= state->descriptors > 0; /* that of the folder */
	look_at_memory(state);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		state->most_descriptors = (int64_t)limit.rlim_cur;
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		state->cpu_us = ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
				usage.ru_stime.tv_usec;
}

void as_metrics_collect(void *user, struct as_buf *out)
{
	struct as_service *service = user;
	struct as_env *env = as_environment_ref(service->environment);
	struct as_metrics_state state = {
		.connections = atomic_load(&service->connections),
		.messages = atomic_load(&service->messages),
		.lost_lines = as_logger_lost(),
		.lost_traces = as_tracefile_lost(service->traces),
		.lost_captures = as_capturefile_lost(service->captures),
		.shortages = as_heap_shortages(),
		.dns = as_dns_stats(env->dns),
		.settings = env->settings,
		.rules = as_rulekeeper_look(out->arena, service->rules),
		.shadow = env->shadow_counts,
	};
	look_at_process(&state);
	as_metrics_write(out, &service->metrics, &state);
	as_env_unref(env);
}
