/* SPDX-License-Identifier: BSD-2-Clause */
/* err.h - the errors of the library; 0 is success. Details travel beside them as arena strings. */
#ifndef AS_ERR_H
#define AS_ERR_H

enum as_err {
	AS_OK = 0,
	AS_ERR_SYNTAX,    /* text does not follow its grammar */
	AS_ERR_RANGE,     /* a value is outside its bounds */
	AS_ERR_NOT_FOUND, /* there is no such thing */
	AS_ERR_LIMIT,     /* a cap was reached */
	AS_ERR_SYSTEM,    /* the operating system or a library refused; errno or the detail says why */
};

/* A few words for people, never NULL. */
const char *as_err_text(enum as_err err);

#endif
