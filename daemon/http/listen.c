#include "inside.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024, PAUSE_MS = 100, ACCEPTS = 64 };

/* What went wrong, for the caller to say; it outlives the server that couldn't be opened. */
static _Thread_local char reason[256];

static int fail(const char **why, const char *address, const char *what)
{
	snprintf(reason, sizeof reason, "%s: %s", address, what);
	*why = reason;
	return SY_EIO;
}

/* --- opening -----------------------------------------------------------------------------------
 */

/* "127.0.0.1:80", "[::1]:80": host without brackets and port, in TEXT's place. */
static bool split(char *text, const char **host, const char **port)
{
	char *colon = strrchr(text, ':');
	if (colon == NULL || colon == text)
		return false;
	*colon = '\0';
	*host = text;
	*port = colon + 1;
	if (text[0] == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		*host = text + 1;
	} else if (strchr(text, ':') != NULL) {
		return false;
	}
	/* getaddrinfo would take 65536 for 0. */
	uint64_t n;
	return sy_str_u64(sy_str(*port), &n) == SY_OK && n <= 65535;
}

static int bind_inet(const struct addrinfo *ai)
{
	int one = 1, unsent = 2 * HTTP_SLICE,
	    fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	/* Both are inherited.  The second bounds what the kernel keeps for a peer that doesn't
	 * read, megabytes else, without bounding what is on its way to one that does. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
		int keep = errno;
		close(fd);
		errno = keep;
		return -1;
	}
	return fd;
}

static void name_of(int fd, char *out, size_t size)
{
	struct sockaddr_storage a = {0};
	socklen_t n = sizeof a;
	char host[64] = "?", port[8] = "0";
	if (getsockname(fd, (struct sockaddr *)&a, &n) == 0)
		getnameinfo((struct sockaddr *)&a, n, host, sizeof host, port, sizeof port,
			    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(out, size, a.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static int open_inet(struct listener *l, const char *address, const char **why)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				       .ai_socktype = SOCK_STREAM};
	char text[80];
	const char *host, *port;
	struct addrinfo *ai;
	if (snprintf(text, sizeof text, "%s", address) >= (int)sizeof text ||
	    !split(text, &host, &port) || getaddrinfo(host, port, &hints, &ai) != 0)
		return fail(why, address, "not an address like 127.0.0.1:7300 or [::1]:7300");
	l->fd = bind_inet(ai);
	int err = errno;
	freeaddrinfo(ai);
	if (l->fd < 0)
		return fail(why, address, strerror(err));
	name_of(l->fd, l->address, sizeof l->address);
	return SY_OK;
}

/* Does somebody accept there?  Otherwise a socket of a daemon that is no more may go. */
static bool served(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return true;
	int r = connect(fd, (const struct sockaddr *)a, sizeof *a);
	bool alive = r == 0 || errno != ECONNREFUSED;
	close(fd);
	return alive;
}

static int open_unix(struct listener *l, const char *path, const char **why)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct stat st;
	if (snprintf(a.sun_path, sizeof a.sun_path, "%s", path) >= (int)sizeof a.sun_path)
		return fail(why, path, "too long for a Unix socket");
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return fail(why, path, "there is something that isn't a socket");
		if (served(&a))
			return fail(why, path, "another process serves it");
		unlink(path);
	}
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return fail(why, path, strerror(errno));
	/* Owner and group; never open to others, not even for a moment. */
	mode_t before = umask(0117);
	int err = bind(l->fd, (struct sockaddr *)&a, sizeof a) < 0 ? errno : 0;
	umask(before);
	if (err == 0 && listen(l->fd, BACKLOG) < 0) {
		err = errno;
		unlink(path);
	}
	if (err != 0) {
		close(l->fd);
		l->fd = -1;
		return fail(why, path, strerror(err));
	}
	l->local = true;
	return SY_OK;
}

int listen_open(struct http_server *s, const char **why)
{
	const struct http_options *o = &s->o;
	int err = SY_OK;
	s->listeners = calloc(o->n_listen + 1, sizeof *s->listeners);
	if (s->listeners == NULL)
		return SY_ENOMEM;
	for (size_t i = 0; i < o->n_listen && err == SY_OK; i++) {
		struct listener *l = &s->listeners[s->n_listeners];
		if ((err = open_inet(l, o->listen[i], why)) == SY_OK)
			s->n_listeners++;
	}
	if (err != SY_OK || o->unix_path == NULL)
		return err;
	struct listener *l = &s->listeners[s->n_listeners];
	if ((err = open_unix(l, o->unix_path, why)) != SY_OK)
		return err;
	s->n_listeners++;
	return (s->unix_path = strdup(o->unix_path)) != NULL ? SY_OK : SY_ENOMEM;
}

/* --- who has how many --------------------------------------------------------------------------
 */

static void address_of(const struct sockaddr_storage *from, uint8_t out[8])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
	memset(out, 0, 8);
	if (from->ss_family == AF_INET6)
		memcpy(out, &v6->sin6_addr, 8);
	else
		memcpy(out + 4, &v4->sin_addr, 4);
}

/* The caller with one connection more; NULL when it has as many as it may. */
static struct caller *welcome(struct http_server *s, const struct sockaddr_storage *from)
{
	struct caller *c;
	uint8_t address[8];
	address_of(from, address);
	pthread_mutex_lock(&s->callers_mu);
	struct caller **list = &s->callers[address[7]];
	for (c = *list; c != NULL && memcmp(c->address, address, 8) != 0; c = c->next)
		continue;
	if (c == NULL && (c = calloc(1, sizeof *c)) != NULL) {
		memcpy(c->address, address, 8);
		c->next = *list;
		*list = c;
	}
	if (c != NULL && c->n >= s->o.max_per_address)
		c = NULL;
	else if (c != NULL)
		c->n++;
	pthread_mutex_unlock(&s->callers_mu);
	return c;
}

void listen_left(struct http_server *s, struct caller *caller)
{
	atomic_fetch_sub(&s->connections, 1);
	if (caller == NULL)
		return;
	pthread_mutex_lock(&s->callers_mu);
	if (--caller->n == 0) {
		struct caller **at = &s->callers[caller->address[7]];
		while (*at != caller)
			at = &(*at)->next;
		*at = caller->next;
		free(caller);
	}
	pthread_mutex_unlock(&s->callers_mu);
}

/* --- accepting, on front 0 ---------------------------------------------------------------------
 */

/* Best effort: the reason may be lost when the peer was already sending. */
void listen_refuse(struct http_server *s, const struct arrival *a)
{
	static const char body[] = "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
				   "\"status\":503,\"detail\":\"too many connections\"}\n";
	char text[512];
	int n = snprintf(text, sizeof text,
			 "HTTP/1.1 503 Service Unavailable\r\n"
			 "Content-Type: application/problem+json\r\nContent-Length: %zu\r\n"
			 "Retry-After: 1\r\nConnection: close\r\n\r\n%s",
			 sizeof body - 1, body);
	/* whoever has his answer finds himself counted */
	atomic_fetch_add_explicit(&s->turned_away, 1, memory_order_relaxed);
	if (send(a->fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		shutdown(a->fd, SHUT_WR);
	while (recv(a->fd, text, sizeof text, MSG_DONTWAIT) > 0)
		continue;
	close(a->fd);
	listen_left(s, a->caller);
}

static void deal(struct listener *l, int fd, const struct sockaddr_storage *from)
{
	struct http_server *s = l->server;
	struct front *f = &s->fronts[s->next_front++ % s->n_fronts];
	struct arrival a = {.fd = fd, .local = l->local, .uid = (uid_t)-1};
	struct ucred peer;
	socklen_t n = sizeof peer;
	if (l->local && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0) {
		a.uid = peer.uid;
		a.pid = peer.pid;
	}
	count(&s->fronts[0].n.accepted, 1);
	uint64_t before = atomic_fetch_add(&s->connections, 1);
	a.over = before >= s->o.max_connections;
	bool limited = !l->local && s->o.max_per_address > 0;
	/* Those past the limit are on their way to a front, where each displaces one or is refused.
	 */
	if ((limited && (a.caller = welcome(s, from)) == NULL) ||
	    before >= (uint64_t)s->o.max_connections + ACCEPTS)
		listen_refuse(s, &a);
	else
		front_deliver(f, &a);
}

/* Out of descriptors or memory: the peer stays in the backlog, and asking again at once would
 * only spin. */
static void pause_accepting(struct http_server *s)
{
	for (size_t i = 0; i < s->n_listeners; i++)
		event_del(s->listeners[i].event);
	s->resume_at = http_now_ms() + PAUSE_MS;
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	(void)what;
	for (int i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage from = {0};
		socklen_t n = sizeof from;
		int peer = accept4(fd, (struct sockaddr *)&from, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (peer >= 0)
			deal(l, peer, &from);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accepting(l->server);
		if (peer < 0 && errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

int listen_start(struct http_server *s)
{
	for (size_t i = 0; i < s->n_listeners; i++) {
		struct listener *l = &s->listeners[i];
		l->server = s;
		l->event = event_new(s->fronts[0].base, l->fd, EV_READ | EV_PERSIST, on_accept, l);
		if (l->event == NULL || event_add(l->event, NULL) < 0)
			return SY_ENOMEM;
	}
	s->accepting = true;
	return SY_OK;
}

void listen_tick(struct http_server *s, uint64_t now)
{
	if (!s->accepting || s->resume_at == 0 || now < s->resume_at)
		return;
	s->resume_at = 0;
	for (size_t i = 0; i < s->n_listeners; i++)
		event_add(s->listeners[i].event, NULL);
}

void listen_stop(struct http_server *s)
{
	s->accepting = false;
	for (size_t i = 0; i < s->n_listeners; i++) {
		struct listener *l = &s->listeners[i];
		if (l->fd < 0)
			continue;
		if (l->event != NULL)
			event_free(l->event);
		if (l->local)
			unlink(s->unix_path);
		close(l->fd);
		l->event = NULL;
		l->fd = -1;
	}
}

void listen_free(struct http_server *s)
{
	listen_stop(s);
	free(s->listeners);
	free(s->unix_path);
	s->listeners = NULL;
	s->unix_path = NULL;
	s->n_listeners = 0;
}

const char *http_address(const struct http_server *s, size_t i)
{
	return i < s->n_listeners && !s->listeners[i].local ? s->listeners[i].address : NULL;
}
