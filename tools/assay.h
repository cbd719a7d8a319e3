/* SPDX-License-Identifier: BSD-2-Clause */
/* assay.h - the sub-commands of the command-line tool: one file each, one row each in assay.c. */
#ifndef AS_TOOLS_ASSAY_H
#define AS_TOOLS_ASSAY_H

/* argv[0] is the sub-command's name. Returns an exit status of sysexits.h. */
int as_command_message(int argc, char **argv);
int as_command_migrate(int argc, char **argv);
int as_command_why(int argc, char **argv);

#endif
