/* SPDX-License-Identifier: BSD-2-Clause */
/* test_arena.c - to be written */
int main(void)
{
	return 77;
}
