/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dns_fake.c - to be written */
int main(void)
{
	return 77;
}
