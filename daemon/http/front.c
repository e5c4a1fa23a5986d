#include "inside.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TICK_MIN_MS = 5, TICK_MAX_MS = 500 };

_Thread_local struct front *http_front_here;

uint64_t http_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* --- mail --------------------------------------------------------------------------------------
 */

void front_wake(struct front *f)
{
	/* An eventfd that can't take another one is readable already. */
	ssize_t n = write(f->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
	(void)n;
}

void front_deliver(struct front *f, const struct arrival *a)
{
	if (http_front_here == f) {
		conn_open(f, a);
		return;
	}
	struct arrival *copy = malloc(sizeof *copy);
	if (copy == NULL) {
		close(a->fd);
		listen_left(f->server, a->caller);
		return;
	}
	*copy = *a;
	pthread_mutex_lock(&f->mu);
	*f->arrivals_end = copy;
	f->arrivals_end = &copy->next;
	front_wake(f);
	pthread_mutex_unlock(&f->mu);
}

/* X as its last mail left it; later changes come with mail of their own. */
static void unseal(struct http_exchange *x)
{
	x->posted = false;
	x->streaming = x->begun;
	x->answered = x->ended;
}

/* One exchange that came back.  Connections get their turn after all mail is read, so that one
 * write takes all answers of one connection. */
static void take_back(struct front *f, struct http_exchange *x, struct conn **turns)
{
	struct conn *c = x->conn;
	f->lent -= x->answered;
	if (c == NULL) {
		if (x->answered)
			exchange_free(x);
		return;
	}
	if (x->answered && !x->streaming)
		c->queued += x->body.n;
	if (c->turn)
		return;
	c->turn = true;
	c->next_turn = *turns;
	*turns = c;
}

static struct http_exchange *open_mail(struct front *f)
{
	struct http_exchange *mail = f->mail;
	f->mail = NULL;
	f->mail_end = &f->mail;
	/* Linked anew: a stream's may be posted again as soon as the lock is let go. */
	for (struct http_exchange *x = mail; x != NULL; x = x->next_mail) {
		x->next_open = x->next_mail;
		unseal(x);
	}
	return mail;
}

static void take_mail(struct front *f, struct http_exchange *mail)
{
	struct conn *turns = NULL;
	for (struct http_exchange *x = mail, *next; x != NULL; x = next) {
		next = x->next_open;
		take_back(f, x, &turns);
	}
	for (struct conn *c = turns, *next; c != NULL; c = next) {
		next = c->next_turn;
		c->turn = false;
		conn_turn(c);
	}
}

static void take_arrivals(struct front *f, struct arrival *a)
{
	while (a != NULL) {
		struct arrival *next = a->next;
		conn_open(f, a);
		free(a);
		a = next;
	}
}

/* --- places ------------------------------------------------------------------------------------
 */

void front_place(struct conn *c, enum place place)
{
	struct front *f = c->front;
	if (c->place != PLACES) {
		*c->prev = c->next;
		if (c->next != NULL)
			c->next->prev = c->prev;
		else
			f->conns[c->place].last = c->prev;
	}
	c->place = place;
	if (place == PLACES)
		return;
	if (place == PLACE_NEXT && f->conns[PLACE_NEXT].first == NULL)
		event_add(f->more, &(struct timeval){0, 0});
	c->placed = http_now_ms();
	c->next = NULL;
	c->prev = f->conns[place].last;
	*c->prev = c;
	f->conns[place].last = &c->next;
}

bool front_make_room(struct front *f)
{
	enum {
		LOOKS = 16
	}; /* those at work for long are few, and a stranger's question is cheap */
	uint64_t now = http_now_ms();
	for (enum place p = PLACE_IDLE; p <= PLACE_BUSY; p++) {
		struct conn *c = f->conns[p].first;
		for (unsigned i = 0; c != NULL && i < LOOKS; i++, c = c->next)
			if (conn_is_waited_for(c, now)) {
				count(&f->n.displaced, 1);
				conn_free(c);
				return true;
			}
	}
	return false;
}

static struct conn *first_from(struct front *f, enum place p)
{
	while (p < PLACES && f->conns[p].first == NULL)
		p++;
	return p < PLACES ? f->conns[p].first : NULL;
}

/* One that moves meanwhile may be met twice. */
static struct conn *conn_after(struct conn *c)
{
	return c->next != NULL ? c->next : first_from(c->front, c->place + 1);
}

/* --- draining ----------------------------------------------------------------------------------
 */

static void set_tick(struct front *f, unsigned ms)
{
	struct timeval t = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
	event_add(f->tick, &t);
}

static void begin_drain(struct front *f, unsigned ms)
{
	f->draining = true;
	f->cut_at = http_now_ms() + ms;
	if (f == f->server->fronts)
		listen_stop(f->server);
	for (struct conn *c = first_from(f, 0), *next; c != NULL; c = next) {
		next = conn_after(c);
		conn_drain(c);
	}
	set_tick(f, TICK_MIN_MS);
}

static void go_on_draining(struct front *f, uint64_t now)
{
	while (now >= f->cut_at && f->n_conns > 0)
		conn_free(first_from(f, 0));
	if (f->n_conns > 0)
		return;
	pthread_mutex_lock(&f->mu);
	f->drained = true;
	pthread_cond_broadcast(&f->quiet);
	pthread_mutex_unlock(&f->mu);
}

/* --- the loop ----------------------------------------------------------------------------------
 */

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct front *f = arg;
	uint64_t n;
	(void)what;
	ssize_t got = read(fd, &n, sizeof n);
	(void)got;

	pthread_mutex_lock(&f->mu);
	struct http_exchange *mail = open_mail(f);
	struct arrival *arrivals = f->arrivals;
	f->arrivals = NULL;
	f->arrivals_end = &f->arrivals;
	bool stop = f->stop, drain = f->drain;
	unsigned ms = f->drain_ms;
	pthread_mutex_unlock(&f->mu);

	/* Mail first: an arrival may displace a connection, and exchanges of it may be in the mail.
	 */
	take_mail(f, mail);
	take_arrivals(f, arrivals);
	if (drain && !f->draining)
		begin_drain(f, ms);
	if (f->draining)
		go_on_draining(f, http_now_ms());
	if (stop)
		event_base_loopbreak(f->base);
}

/* One timer a front, not one a connection: deadlines are seconds, requests are microseconds. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct front *f = arg;
	uint64_t now = http_now_ms();
	(void)fd, (void)what;
	if (f == f->server->fronts)
		listen_tick(f->server, now);
	for (struct conn *c = first_from(f, 0), *next; c != NULL; c = next) {
		next = conn_after(c);
		conn_tick(c, now);
	}
	if (f->draining)
		go_on_draining(f, now);
}

/* Those who wait for their next turn, for as long as a turn takes: between two such rounds whoever
 * asked meanwhile has had a first one. */
static void on_more(evutil_socket_t fd, short what, void *arg)
{
	struct front *f = arg;
	uint64_t end = http_now_us() + HTTP_TURN_US;
	struct conn *c;
	(void)fd, (void)what;
	do {
		if ((c = f->conns[PLACE_NEXT].first) == NULL)
			return;
		front_place(c, PLACE_BUSY);
		conn_turn(c);
	} while (http_now_us() < end);
	if (f->conns[PLACE_NEXT].first != NULL)
		event_add(f->more, &(struct timeval){0, 0});
}

static void *front_main(void *arg)
{
	struct front *f = arg;
	pthread_setname_np(pthread_self(), "front"); /* top -H tells them apart */
	http_front_here = f;
	event_base_loop(f->base, 0);
	http_front_here = NULL;
	return NULL;
}

static unsigned tick_ms(const struct http_options *o)
{
	unsigned least = o->header_ms;
	const unsigned others[] = {o->request_ms, o->idle_ms, o->write_ms};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (others[i] < least)
			least = others[i];
	least /= 4;
	return least < TICK_MIN_MS ? TICK_MIN_MS : least > TICK_MAX_MS ? TICK_MAX_MS : least;
}

static struct event_base *new_base(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base = NULL;
	/* A loop has one thread, which is woken through its eventfd: it needs no locks. */
	if (cfg != NULL && event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK) == 0)
		base = event_base_new_with_config(cfg);
	if (cfg != NULL)
		event_config_free(cfg);
	return base;
}

int front_open(struct front *f, struct http_server *s)
{
	f->server = s;
	f->mail_end = &f->mail;
	f->arrivals_end = &f->arrivals;
	f->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pthread_mutex_init(&f->mu, NULL) != 0)
		goto err0;
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	int err = pthread_cond_init(&f->quiet, &attr);
	pthread_condattr_destroy(&attr);
	if (err != 0)
		goto err1;
	if (f->wake_fd < 0 || (f->base = new_base()) == NULL)
		goto err2;
	f->wake = event_new(f->base, f->wake_fd, EV_READ | EV_PERSIST, on_wake, f);
	f->tick = event_new(f->base, -1, EV_PERSIST, on_tick, f);
	f->more = event_new(f->base, -1, 0, on_more, f);
	f->out = evbuffer_new();
	for (unsigned p = 0; p < PLACES; p++)
		f->conns[p].last = &f->conns[p].first;
	if (f->wake == NULL || f->tick == NULL || f->more == NULL || f->out == NULL ||
	    event_add(f->wake, NULL) < 0)
		goto err3;
	set_tick(f, tick_ms(&s->o));
	return SY_OK;

err3:
	if (f->out != NULL)
		evbuffer_free(f->out);
	if (f->more != NULL)
		event_free(f->more);
	if (f->tick != NULL)
		event_free(f->tick);
	if (f->wake != NULL)
		event_free(f->wake);
	event_base_free(f->base);
err2:
	pthread_cond_destroy(&f->quiet);
err1:
	pthread_mutex_destroy(&f->mu);
err0:
	if (f->wake_fd >= 0)
		close(f->wake_fd);
	return SY_ENOMEM;
}

int front_start(struct front *f)
{
	sigset_t every, before;
	sigfillset(&every);
	sigdelset(&every, SIGBUS); /* a mapped file that ends early: base/mapped.h */
	/* Signals are main's; a peer that is gone is an EPIPE here. */
	pthread_sigmask(SIG_SETMASK, &every, &before);
	f->started = pthread_create(&f->thread, NULL, front_main, f) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return f->started ? SY_OK : SY_ENOMEM;
}

void front_stop(struct front *f)
{
	if (!f->started)
		return;
	pthread_mutex_lock(&f->mu);
	f->stop = true;
	front_wake(f);
	pthread_mutex_unlock(&f->mu);
	pthread_join(f->thread, NULL);
	f->started = false;
}

void front_close(struct front *f)
{
	while (f->n_conns > 0)
		conn_free(first_from(f, 0));
	for (struct arrival *a = f->arrivals, *next; a != NULL; a = next) {
		next = a->next;
		close(a->fd);
		listen_left(f->server, a->caller);
		free(a);
	}
	evbuffer_free(f->out);
	event_free(f->more);
	event_free(f->tick);
	event_free(f->wake);
	event_base_free(f->base);
	sy_buf_free(&f->head);

	pthread_mutex_lock(&f->mu);
	struct http_exchange *mail = open_mail(f);
	f->closed = true;
	take_mail(f, mail);
	for (struct http_exchange *x = f->spare, *next; x != NULL; x = next) {
		next = x->next;
		exchange_destroy(x);
	}
	close(f->wake_fd);
	bool last = f->lent == 0;
	pthread_mutex_unlock(&f->mu);
	if (last)
		front_free(f);
}

void front_free(struct front *f)
{
	pthread_cond_destroy(&f->quiet);
	pthread_mutex_destroy(&f->mu);
	server_unref(f->server);
}
