/* SPDX-License-Identifier: BSD-2-Clause */
/* socket.h - where the MTA reaches us: "inet:PORT@HOST", "inet:HOST:PORT" (Postfix), "inet6:...", "unix:PATH", "local:PATH". */
#ifndef AS_SOCKET_H
#define AS_SOCKET_H

#include "arena.h"
#include "err.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

struct as_socket {
	int family;       /* AF_INET, AF_INET6, AF_UNIX */
	const char *host; /* inet: as configured, without brackets; "": every address */
	unsigned port;
	const char *path; /* unix */
	struct sockaddr_storage address; /* after as_socket_open(): where to connect to reach ourselves */
	socklen_t address_length;
};

/* Who may use a unix socket. */
struct as_socket_access {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* Reads the text of the keyword `socket`. Strings in the arena. On error *detail says what would be right. */
enum as_err as_socket_parse(struct as_arena *arena, const char *text, struct as_socket *socket, const char **detail);

/* Tells libmilter to listen there, after smfi_register(). A unix socket that nobody answers is removed first; access is never
 * wider than asked for, at no moment. Changes the umask for a moment: before the first thread. Returns EX_OK or an exit code of
 * sysexits.h with *detail. */
int as_socket_open(struct as_arena *arena, struct as_socket *socket, const struct as_socket_access *access, const char **detail);

/* Listens there itself, on *fd, under the same rules. Without a host these are the addresses of this host alone. */
int as_socket_listen(struct as_arena *arena, struct as_socket *socket, const struct as_socket_access *access, int *fd, const char **detail);

/* Can only this host reach it? A name is looked up; one that cannot be found is nobody's. */
bool as_socket_is_local(struct as_arena *arena, const struct as_socket *socket);

/* Removes a unix socket's file when we may. */
void as_socket_remove(const struct as_socket *socket);

/* The value for Postfix's smtpd_milters, and the line for Sendmail's sendmail.mc. Arena memory. */
const char *as_socket_postfix(struct as_arena *arena, const struct as_socket *socket);
const char *as_socket_sendmail(struct as_arena *arena, const struct as_socket *socket);

#endif
