/* SPDX-License-Identifier: BSD-2-Clause */
/* libraries.h - what other libraries are told about this process. */
#ifndef AS_LIBRARIES_H
#define AS_LIBRARIES_H

/* First thing in a program, before threads and before any other library is used: libspf2 prints nothing, OpenSSL and jansson take memory
 * the way we do, so that a lack of it is never taken for a broken key, a wrong signature or an empty text. */
void as_libraries_init(void);

#endif
