/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assayd_mail.c - to be written */
#include "config.h"

int main(void)
{
	return 77;
}
