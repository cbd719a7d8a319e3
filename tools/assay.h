/* SPDX-License-Identifier: BSD-2-Clause */
/* assay.h - the sub-commands of the command-line tool: one file each, one row each in assay.c. */
#ifndef AS_TOOLS_ASSAY_H
#define AS_TOOLS_ASSAY_H

#include "engine.h"

#include <stdbool.h>
#include <stdint.h>

/* argv[0] is the sub-command's name. Returns an exit status of sysexits.h. */
int as_command_message(int argc, char **argv);
int as_command_migrate(int argc, char **argv);
int as_command_why(int argc, char **argv);

/* `assay message --replay`: captured messages and folders of them, NULL ends. config NULL: the defaults. Returns an exit status. */
int as_replay_files(const char *config, bool wants_json, char **files);

/* A judgement on standard output: text with the fields written, or the trace. */
void as_print_verdict(struct as_message *message, const struct as_verdict *verdict, const char *queue_id, int64_t ms, bool wants_json);

#endif
