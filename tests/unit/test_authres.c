/* SPDX-License-Identifier: BSD-2-Clause */
/* test_authres.c - to be written */
int main(void)
{
	return 77;
}
