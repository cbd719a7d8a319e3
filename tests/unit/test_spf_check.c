/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spf_check.c - to be written */
int main(void)
{
	return 77;
}
