/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dmarc_walk.c - to be written */
int main(void)
{
	return 77;
}
