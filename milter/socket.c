/* SPDX-License-Identifier: BSD-2-Clause */
/* socket.c - parses the socket, clears the way for it, and has libmilter open it.
 *
 * libmilter's own messages about sockets go to syslog only and its result is one bit, so everything that can be known before
 * is tried before: the name is resolved, an address is bound once, a unix socket is asked whether somebody answers.
 */
#include "config.h"

#include "socket.h"

#include "ip.h"
#include "str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

/* Postfix's queue directory: its daemons stand in it, chrooted or not, so a relative path fits both. */
static const char queue_directory[] = "/var/spool/postfix/";

enum { PORT_MAX = 65535, BACKLOG = 16 }; /* libmilter has a backlog of its own */

static const struct {
	const char *prefix;
	int family;
} schemes[] = { { "inet:", AF_INET }, { "inet6:", AF_INET6 }, { "unix:", AF_UNIX }, { "local:", AF_UNIX } };

static const char syntax[] = "socket must be \"inet:PORT@HOST\", \"inet:HOST:PORT\", \"inet6:PORT@HOST\" or \"unix:/PATH\"";

static enum as_err parse_port(const char *text, size_t n, unsigned *port)
{
	*port = 0;
	if (n == 0 || n > 5)
		return AS_ERR_SYNTAX;
	for (size_t i = 0; i < n; i++) {
		if (!as_is_digit(text[i]))
			return AS_ERR_SYNTAX;
		*port = *port * 10 + (unsigned)(text[i] - '0');
	}
	return *port >= 1 && *port <= PORT_MAX ? AS_OK : AS_ERR_RANGE;
}

/* A literal decides the family, whatever the scheme says: Postfix writes "inet:[::1]:8894". */
static enum as_err set_host(struct as_arena *arena, const char *text, size_t n, struct as_socket *socket)
{
	if (n >= 2 && text[0] == '[' && text[n - 1] == ']')
		text++, n -= 2;
	if (memchr(text, '[', n) || memchr(text, ']', n) || memchr(text, 0, n))
		return AS_ERR_SYNTAX;
	socket->host = as_strndup(arena, text, n);
	uint8_t bytes[16];
	if (inet_pton(AF_INET6, socket->host, bytes) == 1)
		socket->family = AF_INET6;
	else if (strchr(socket->host, ':'))
		return AS_ERR_SYNTAX;
	else if (inet_pton(AF_INET, socket->host, bytes) == 1 && socket->family == AF_INET6)
		return AS_ERR_SYNTAX;
	return AS_OK;
}

static enum as_err parse_inet(struct as_arena *arena, const char *text, struct as_socket *socket)
{
	const char *at = strchr(text, '@'), *colon = strrchr(text, ':');
	socket->host = "";
	if (at) {
		enum as_err err = parse_port(text, (size_t)(at - text), &socket->port);
		return err ? err : set_host(arena, at + 1, strlen(at + 1), socket);
	}
	if (colon) {
		enum as_err err = parse_port(colon + 1, strlen(colon + 1), &socket->port);
		return err ? err : set_host(arena, text, (size_t)(colon - text), socket);
	}
	return parse_port(text, strlen(text), &socket->port);
}

static enum as_err parse_unix(struct as_arena *arena, const char *text, struct as_socket *socket)
{
	if (*text != '/')
		return AS_ERR_SYNTAX;
	if (strlen(text) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
		return AS_ERR_RANGE;
	socket->path = as_strdup(arena, text);
	return AS_OK;
}

enum as_err as_socket_parse(struct as_arena *arena, const char *text, struct as_socket *socket, const char **detail)
{
	*socket = (struct as_socket){ .family = AF_UNSPEC };
	enum as_err err = AS_ERR_SYNTAX;
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		size_t n = strlen(schemes[i].prefix);
		if (strncasecmp(text, schemes[i].prefix, n) != 0)
			continue;
		socket->family = schemes[i].family;
		err = socket->family == AF_UNIX ? parse_unix(arena, text + n, socket) : parse_inet(arena, text + n, socket);
	}
	if (err == AS_ERR_RANGE)
		*detail = as_printf(arena, "socket \"%s\": %s", text,
				    socket->family == AF_UNIX ? "the path is too long" : "a port is 1 to 65535");
	else if (err)
		*detail = as_printf(arena, "socket \"%s\": %s", text, syntax);
	return err;
}

static int exit_code(int error)
{
	if (error == EADDRINUSE || error == EADDRNOTAVAIL)
		return EX_UNAVAILABLE;
	return error == EACCES || error == EPERM ? EX_NOPERM : EX_OSERR;
}

/* For messages: the whole path, not the one below Postfix's queue directory. */
static const char *place(struct as_arena *arena, const struct as_socket *socket)
{
	return socket->family == AF_UNIX ? as_printf(arena, "unix:%s", socket->path) : as_socket_postfix(arena, socket);
}

static int refuse(struct as_arena *arena, const struct as_socket *socket, int error, const char **detail)
{
	const char *hint = "";
	if (socket->family == AF_UNIX && error == ENOENT)
		hint = "; make the folder, for the user to write to";
	else if (socket->family == AF_UNIX && (error == EACCES || error == EROFS))
		hint = "; the user must be able to write to the folder, and systemd to let it (ReadWritePaths=)";
	*detail = as_printf(arena, "cannot listen on %s: %s%s", place(arena, socket),
			    error == EADDRINUSE ? "socket in use" : strerror(error), hint);
	return exit_code(error);
}

/* Takes the socket away. */
static int refuse_access(struct as_arena *arena, const struct as_socket *socket, int error, const char **detail)
{
	const char *hint = error == EPERM ? "; without root the user must be a member of the group (SupplementaryGroups= of systemd)" : "";
	*detail = as_printf(arena, "cannot give %s to its group: %s%s", place(arena, socket), strerror(error), hint);
	(void)unlink(socket->path);
	return exit_code(error);
}

/* Address of an inet socket; the wildcard is reached over loopback. */
static int resolve(struct as_arena *arena, struct as_socket *socket, const char **detail)
{
	struct addrinfo hints = { .ai_family = socket->family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *found = NULL;
	const char *port = as_printf(arena, "%u", socket->port);
	int failed = getaddrinfo(*socket->host ? socket->host : NULL, port, &hints, &found);
	if (failed) {
		*detail = as_printf(arena, "cannot resolve socket host '%s': %s", socket->host, gai_strerror(failed));
		return EX_UNAVAILABLE;
	}
	memcpy(&socket->address, found->ai_addr, found->ai_addrlen);
	socket->address_length = found->ai_addrlen;
	freeaddrinfo(found);
	return EX_OK;
}

static int listen_inet(struct as_arena *arena, struct as_socket *s, int *fd, const char **detail)
{
	int status = resolve(arena, s, detail);
	if (status)
		return status;
	int on = 1;
	*fd = socket(s->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return refuse(arena, s, errno, detail);
	if (setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(*fd, (struct sockaddr *)&s->address, s->address_length) == 0 && listen(*fd, BACKLOG) == 0)
		return EX_OK;
	status = refuse(arena, s, errno, detail);
	close(*fd);
	return status;
}

/* Binds and lets go: libmilter's attempt a moment later would not say why it failed. */
static int try_inet(struct as_arena *arena, struct as_socket *s, const char **detail)
{
	int fd, status = listen_inet(arena, s, &fd, detail);
	if (!status)
		close(fd);
	return status;
}

/* Is somebody behind that file? 0: no, EADDRINUSE: yes, else what kept us from asking. */
static int ask_unix(const struct as_socket *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno;
	int error = connect(fd, (const struct sockaddr *)&s->address, s->address_length) == 0 ? EADDRINUSE : errno;
	close(fd);
	if (error == ECONNREFUSED || error == ENOENT)
		return 0;
	return error == EAGAIN || error == EPROTOTYPE ? EADDRINUSE : error;
}

static int bind_unix(struct as_arena *arena, const struct as_socket *s, int *fd, const char **detail)
{
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return refuse(arena, s, errno, detail);
	if (bind(*fd, (const struct sockaddr *)&s->address, s->address_length) == 0)
		return EX_OK;
	int status = refuse(arena, s, errno, detail);
	close(*fd);
	return status;
}

/* Removes a socket that nobody answers, and nothing else. */
static int clear_unix(struct as_arena *arena, struct as_socket *s, const char **detail)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	memcpy(address.sun_path, s->path, strlen(s->path));
	memcpy(&s->address, &address, sizeof address);
	s->address_length = sizeof address;

	struct stat st;
	if (lstat(s->path, &st) != 0)
		return errno == ENOENT ? EX_OK : refuse(arena, s, errno, detail);
	if (!S_ISSOCK(st.st_mode)) {
		*detail = as_printf(arena, "cannot listen on unix:%s: the file exists and is not a socket", s->path);
		return EX_UNAVAILABLE;
	}
	int error = ask_unix(s);
	if (!error && unlink(s->path) != 0 && errno != ENOENT)
		error = errno;
	return error ? refuse(arena, s, error, detail) : EX_OK;
}

/* As with try_inet(). */
static int try_unix(struct as_arena *arena, struct as_socket *s, const char **detail)
{
	int fd, status = clear_unix(arena, s, detail);
	if (!status)
		status = bind_unix(arena, s, &fd, detail);
	if (status)
		return status;
	if (unlink(s->path) != 0)
		status = refuse(arena, s, errno, detail);
	close(fd);
	return status;
}

static const char *libmilter_name(struct as_arena *arena, const struct as_socket *socket)
{
	char text[INET6_ADDRSTRLEN] = "";
	if (socket->family == AF_UNIX)
		return as_printf(arena, "unix:%s", socket->path);
	const char *scheme = socket->family == AF_INET6 ? "inet6" : "inet";
	if (!*socket->host)
		return as_printf(arena, "%s:%u", scheme, socket->port);
	const void *bytes = socket->family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)&socket->address)->sin6_addr
						       : (const void *)&((const struct sockaddr_in *)&socket->address)->sin_addr;
	inet_ntop(socket->family, bytes, text, sizeof text);
	return as_printf(arena, "%s:%u@[%s]", scheme, socket->port, text);
}

/* Group first, then the bits: until then only the creator gets in. */
static int grant(const struct as_socket *socket, const struct as_socket_access *access)
{
	if (socket->family != AF_UNIX)
		return 0;
	if ((access->uid != geteuid() || access->gid != getegid()) && lchown(socket->path, access->uid, access->gid) != 0)
		return errno;
	return chmod(socket->path, access->mode) == 0 ? 0 : errno;
}

int as_socket_open(struct as_arena *arena, struct as_socket *socket, const struct as_socket_access *access, const char **detail)
{
	mode_t before = umask(0177);
	int status = socket->family == AF_UNIX ? try_unix(arena, socket, detail) : try_inet(arena, socket, detail);
	if (status) {
		umask(before);
		return status;
	}
	errno = 0;
	bool is_open = smfi_setconn((char *)libmilter_name(arena, socket)) == MI_SUCCESS && smfi_opensocket(false) == MI_SUCCESS;
	int error = is_open ? 0 : errno ? errno : EINVAL;
	umask(before);
	if (error)
		return refuse(arena, socket, error, detail);
	error = grant(socket, access);
	return error ? refuse_access(arena, socket, error, detail) : EX_OK;
}

static int listen_unix(struct as_arena *arena, struct as_socket *s, const struct as_socket_access *access, int *fd, const char **detail)
{
	int status = clear_unix(arena, s, detail);
	if (!status)
		status = bind_unix(arena, s, fd, detail);
	if (status)
		return status;
	int denied = grant(s, access), error = 0;
	if (!denied && listen(*fd, BACKLOG) != 0)
		error = errno;
	if (!denied && !error)
		return EX_OK;
	close(*fd);
	if (denied)
		return refuse_access(arena, s, denied, detail);
	unlink(s->path);
	return refuse(arena, s, error, detail);
}

int as_socket_listen(struct as_arena *arena, struct as_socket *socket, const struct as_socket_access *access, int *fd, const char **detail)
{
	if (socket->family != AF_UNIX)
		return listen_inet(arena, socket, fd, detail);
	mode_t before = umask(0177);
	int status = listen_unix(arena, socket, access, fd, detail);
	umask(before);
	return status;
}

bool as_socket_is_local(struct as_arena *arena, const struct as_socket *socket)
{
	struct as_socket found = *socket;
	const char *detail;
	if (found.family == AF_UNIX || resolve(arena, &found, &detail) != EX_OK)
		return true;
	if (found.family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&found.address)->sin6_addr);
	return (ntohl(((const struct sockaddr_in *)&found.address)->sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
}

void as_socket_remove(const struct as_socket *socket)
{
	if (socket->family == AF_UNIX)
		(void)unlink(socket->path); /* after the change of user the folder may be closed to us: the next start removes it */
}

/* A number for the loopback address: in a chroot without etc/hosts its name means nothing, and all mail would be deferred. */
static const char *bracketed(struct as_arena *arena, const struct as_socket *socket)
{
	bool is_loopback = !*socket->host || strcasecmp(socket->host, "localhost") == 0;
	const char *host = !is_loopback ? socket->host : socket->family == AF_INET6 ? "::1" : "127.0.0.1";
	return strchr(host, ':') ? as_printf(arena, "[%s]", host) : host;
}

const char *as_socket_postfix(struct as_arena *arena, const struct as_socket *socket)
{
	if (socket->family != AF_UNIX)
		return as_printf(arena, "inet:%s:%u", bracketed(arena, socket), socket->port);
	size_t n = sizeof queue_directory - 1;
	return as_printf(arena, "unix:%s", strncmp(socket->path, queue_directory, n) == 0 ? socket->path + n : socket->path);
}

/* Sendmail 8.17 cannot connect to an address in brackets, however it is written. */
static const char *sendmail_place(struct as_arena *arena, const struct as_socket *socket)
{
	if (socket->family == AF_UNIX)
		return as_printf(arena, "unix:%s", socket->path);
	return as_printf(arena, "%s:%u@%s", socket->family == AF_INET6 ? "inet6" : "inet", socket->port,
			 *socket->host ? socket->host : "localhost");
}

const char *as_socket_sendmail(struct as_arena *arena, const struct as_socket *socket)
{
	/* Without F=T Sendmail lets mail in unjudged while nobody answers. E is longer than any evaluation-timeout. */
	return as_printf(arena, "INPUT_MAIL_FILTER(`assay', `S=%s, F=T, T=C:30s;S:30s;R:30s;E:5m')", sendmail_place(arena, socket));
}
