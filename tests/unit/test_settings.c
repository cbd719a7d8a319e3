/* SPDX-License-Identifier: BSD-2-Clause */
/* test_settings.c - to be written */
int main(void)
{
	return 77;
}
