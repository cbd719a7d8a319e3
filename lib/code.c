/* SPDX-License-Identifier: BSD-2-Clause */
/* code.c - the words of the results. */
#include "config.h"

#include "code.h"

#include "table.h"

static const struct as_name_code codes[] = {
	{ "none", AS_NONE },         { "pass", AS_PASS },     { "fail", AS_FAIL },           { "softfail", AS_SOFTFAIL },
	{ "neutral", AS_NEUTRAL },   { "policy", AS_POLICY }, { "temperror", AS_TEMPERROR }, { "permerror", AS_PERMERROR },
	{ NULL, 0 },
};

static const struct as_name_code states[] = {
	{ "secure", AS_DNSSEC_SECURE },
	{ "insecure", AS_DNSSEC_INSECURE },
	{ "indeterminate", AS_DNSSEC_INDETERMINATE },
	{ "bogus", AS_DNSSEC_BOGUS },
	{ NULL, 0 },
};

const char *as_code_name(enum as_code code)
{
	return as_table_name(codes, (int)code);
}

const char *as_dnssec_name(enum as_dnssec state)
{
	return as_table_name(states, (int)state);
}
