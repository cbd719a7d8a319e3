/* SPDX-License-Identifier: BSD-2-Clause */
/* settings_scan.h - comments and open ends of a configuration, before libconfuse sees it. Private to settings.c. */
#ifndef AS_SETTINGS_SCAN_H
#define AS_SETTINGS_SCAN_H

/* Turns comments (from "#" or "//" to the end of the line, and C comments) into spaces; line ends stay. Returns NULL, or
 * what is not closed at the end of the text, "comment" or "string", with the line where it begins. */
const char *as_settings_scan(char *text, int *line);

#endif
