/* SPDX-License-Identifier: BSD-2-Clause */
/* sendmail_shim.c - loaded into Sendmail by the end-to-end tests: what it would ask of the host, it is told here.
 *
 * The host's own name (without a dot in it Sendmail sleeps for a minute), the names and addresses of others (none; no question leaves the host),
 * the system log (standard error), and the address of a client: DIRECTORY/PORT, written by the client before it connects from that
 * port, holds the address that Sendmail is to see, as Postfix's XCLIENT does. DIRECTORY is in the environment, AS_SHIM_PEERS.
 */
#define _GNU_SOURCE /* RTLD_NEXT */

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

int gethostname(char *name, size_t size)
{
	snprintf(name, size, "mx.example");
	return 0;
}

static struct hostent *no_host(void)
{
	h_errno = HOST_NOT_FOUND;
	return NULL;
}

struct hostent *gethostbyaddr(const void *address, socklen_t size, int family)
{
	(void)address, (void)size, (void)family;
	return no_host();
}

/* Only this host has one, and addresses name themselves. */
struct hostent *gethostbyname2(const char *name, int family)
{
	static unsigned char address[sizeof(struct in6_addr)];
	static char *addresses[] = { (char *)address, NULL }, *aliases[] = { NULL }, official[] = "localhost";
	static struct hostent host = { .h_name = official, .h_aliases = aliases, .h_addr_list = addresses };
	if (strcmp(name, official) == 0)
		name = family == AF_INET6 ? "::1" : "127.0.0.1";
	if (inet_pton(family, name, address) != 1)
		return no_host();
	host.h_addrtype = family;
	host.h_length = family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	return &host;
}

struct hostent *gethostbyname(const char *name)
{
	return gethostbyname2(name, AF_INET);
}

/* What libc's headers make of syslog() with and without _FORTIFY_SOURCE. */
void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments);
void __syslog_chk(int priority, int flag, const char *format, ...);

void vsyslog(int priority, const char *format, va_list arguments)
{
	char line[4096];
	(void)priority;
	int n = vsnprintf(line, sizeof line - 1, format, arguments);
	n = n < (int)sizeof line - 1 ? n : (int)sizeof line - 2;
	line[n] = '\n';
	(void)!write(STDERR_FILENO, line, (size_t)n + 1);
}

void syslog(int priority, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsyslog(priority, format, arguments);
	va_end(arguments);
}

void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments)
{
	(void)flag;
	vsyslog(priority, format, arguments);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	(void)flag;
	va_list arguments;
	va_start(arguments, format);
	vsyslog(priority, format, arguments);
	va_end(arguments);
}

static char directory[4096];

/* Before Sendmail empties its environment. */
__attribute__((constructor)) static void keep_directory(void)
{
	const char *value = getenv("AS_SHIM_PEERS");
	snprintf(directory, sizeof directory, "%s", value ? value : "");
}

static in_port_t port_of(const struct sockaddr *peer)
{
	if (peer && peer->sa_family == AF_INET)
		return ((const struct sockaddr_in *)(const void *)peer)->sin_port;
	if (peer && peer->sa_family == AF_INET6)
		return ((const struct sockaddr_in6 *)(const void *)peer)->sin6_port;
	return 0;
}

/* Of the same family: Sendmail drops others. */
static void replace_peer(struct sockaddr *peer)
{
	char path[sizeof directory + 16], text[INET6_ADDRSTRLEN + 1] = "";
	in_port_t port = port_of(peer);
	if (!*directory || !port)
		return;
	snprintf(path, sizeof path, "%s/%u", directory, ntohs(port));
	FILE *file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(text, sizeof text, file) && peer->sa_family == AF_INET)
		inet_pton(AF_INET, text, &((struct sockaddr_in *)(void *)peer)->sin_addr);
	else
		inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)(void *)peer)->sin6_addr);
	fclose(file);
}

typedef int (*peer_call)(int, struct sockaddr *, socklen_t *);

static int call(const char *name, int fd, struct sockaddr *peer, socklen_t *size)
{
	peer_call real = (peer_call)dlsym(RTLD_NEXT, name);
	int result = real(fd, peer, size);
	if (result >= 0)
		replace_peer(peer);
	return result;
}

int accept(int fd, struct sockaddr *restrict peer, socklen_t *restrict size)
{
	return call("accept", fd, peer, size);
}

int getpeername(int fd, struct sockaddr *restrict peer, socklen_t *restrict size)
{
	return call("getpeername", fd, peer, size);
}
