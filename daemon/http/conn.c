#include "inside.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HURRY_MS = 2000,    /* for a slice, of whoever holds much of a budget that runs out */
	PATIENCE_MS = 1000, /* with a request under way, while others want the connection */
	USUAL_HEAD = 4096   /* bytes of a head that aren't charged */
};

static void on_read(struct bufferevent *bev, void *arg);
static void on_write(struct bufferevent *bev, void *arg);
static void on_event(struct bufferevent *bev, short what, void *arg);

/* --- life --------------------------------------------------------------------------------------
 */

static int reserve_body(void *ctx, size_t n)
{
	struct conn *c = ctx;
	struct http_server *s = c->front->server;
	uint64_t before = atomic_fetch_add_explicit(&s->body_bytes, n, memory_order_relaxed);
	if (before + n > s->o.body_budget && c->reading->reserved + n > HTTP_SMALL) {
		atomic_fetch_sub_explicit(&s->body_bytes, n, memory_order_relaxed);
		return 503;
	}
	c->reading->reserved += n;
	return 0;
}

static void be_idle(struct conn *c)
{
	if (c->place == PLACE_IDLE)
		return;
	front_place(c, PLACE_IDLE);
	c->read_due = c->placed + c->front->server->o.idle_ms;
}

void conn_open(struct front *f, const struct arrival *a)
{
	struct http_server *s = f->server;
	struct conn *c = NULL;
	if (f->draining)
		goto err0;
	if (a->over && !front_make_room(f)) {
		listen_refuse(s, a);
		return;
	}
	if ((c = calloc(1, sizeof *c)) == NULL)
		goto err0;
	c->bev = bufferevent_socket_new(f->base, a->fd, BEV_OPT_CLOSE_ON_FREE);
	if (c->bev == NULL)
		goto err1;
	c->front = f;
	c->caller = a->caller;
	c->last = &c->first;
	c->local = a->local;
	c->uid = a->uid;
	c->pid = a->pid;
	c->reader.limits = (struct http_limits){s->o.max_header, s->o.max_headers};
	c->reader.reserve = reserve_body;
	c->reader.reserve_ctx = c;
	bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
	bufferevent_set_max_single_read(c->bev, HTTP_AHEAD);
	bufferevent_setwatermark(c->bev, EV_WRITE, HTTP_SLICE / 2, 0);
	bufferevent_set_max_single_write(c->bev, HTTP_SLICE);
	if (bufferevent_enable(c->bev, EV_READ | EV_WRITE) < 0)
		goto err2;
	f->n_conns++;
	c->place = PLACES;
	be_idle(c);
	return;

err2:
	bufferevent_free(c->bev);
	free(c);
	listen_left(s, a->caller);
	return;
err1:
	free(c);
err0:
	close(a->fd);
	listen_left(s, a->caller);
}

void conn_free(struct conn *c)
{
	struct front *f = c->front;
	for (struct http_exchange *x = c->first, *next; x != NULL; x = next) {
		next = x->next;
		exchange_orphan(x);
	}
	if (c->reading != NULL)
		exchange_free(c->reading);
	atomic_fetch_sub_explicit(&f->server->answer_bytes, c->charged, memory_order_relaxed);
	front_place(c, PLACES);
	f->n_conns--;
	bufferevent_setcb(c->bev, NULL, NULL, NULL, NULL);
	bufferevent_free(c->bev);
	listen_left(f->server, c->caller);
	free(c);
}

/* A reset rather than an end: what was cut off must not look whole to HTTP/1.0. */
static void cut_off(struct conn *c)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};
	setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	c->dead = true;
}

/* Past half of a budget whoever holds of it is hurried. */
static bool answers_run_out(const struct http_server *s)
{
	return atomic_load_explicit(&s->answer_bytes, memory_order_relaxed) >
	       s->o.answer_budget / 2;
}

static bool bodies_run_out(const struct http_server *s)
{
	return atomic_load_explicit(&s->body_bytes, memory_order_relaxed) > s->o.body_budget / 2;
}

/* --- answers, in order -------------------------------------------------------------------------
 */

static size_t unsent(const struct conn *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

/* What fits the socket goes at once; the rest waits in the bufferevent. */
static void send_out(struct conn *c, struct evbuffer *out)
{
	size_t n = evbuffer_get_length(out);
	if (n == 0)
		return;
	c->put += n;
	count(&c->front->n.bytes_out, n);
	if (!c->dead && unsent(c) == 0 && evbuffer_write(out, bufferevent_getfd(c->bev)) < 0 &&
	    errno != EAGAIN && errno != EINTR)
		c->dead = true;
	if (c->dead || bufferevent_write_buffer(c->bev, out) < 0) {
		c->dead = true;
		evbuffer_drain(out, evbuffer_get_length(out));
	}
}

static void retire(struct conn *c, struct http_exchange *x)
{
	c->first = x->next;
	if (c->first == NULL)
		c->last = &c->first;
	c->pending--;
	c->charged += x->charged;
	x->charged = 0;
	reply_done(x);
	exchange_free(x);
}

/* False: it waits for more of it. */
static bool answer(struct conn *c, struct http_exchange *x, struct evbuffer *out)
{
	if (!x->answered && !x->streaming)
		return false;
	if (!x->head_sent) {
		if (x->streaming && x->http10)
			c->closing = true;
		x->head_sent = true;
		c->queued -= x->streaming ? 0 : x->body.n;
		x->sent += reply_compose(x, out, c->closing && x->next == NULL);
	}
	if (x->streaming) {
		x->sent += stream_take(x, out, x->req.method == HTTP_HEAD);
		if (!x->answered)
			return false;
	}
	return true;
}

static void flush(struct conn *c)
{
	struct evbuffer *out = c->front->out;
	struct http_exchange *x;
	bool cut = false;
	while (!c->dead && !cut && (x = c->first) != NULL && answer(c, x, out)) {
		cut = x->streaming && !x->whole;
		retire(c, x);
	}
	if (c->continues && c->first == NULL && !c->dead) {
		c->continues = false;
		c->dead |= evbuffer_add(out, "HTTP/1.1 100 Continue\r\n\r\n", 25) < 0;
	}
	send_out(c, out);
	if (cut)
		cut_off(c);
}

/* --- requests ----------------------------------------------------------------------------------
 */

static void push(struct conn *c, struct http_exchange *x)
{
	*c->last = x;
	c->last = &x->next;
	c->pending++;
	c->reading = NULL;
	c->continues = false;
	c->front->lent++;
}

/* The request under way is answered with a problem, and nothing after it is read. */
static void refuse(struct conn *c, int status, const char *detail)
{
	struct http_exchange *x = c->reading;
	c->closing = c->refused = true;
	count(&c->front->n.refused, 1);
	push(c, x);
	http_problem(x, status, NULL, detail, NULL);
}

/* Answered on the front itself, one connection's pipeline would keep all others waiting. */
static bool is_its_turn(struct conn *c, uint64_t now)
{
	if (c->turn_began == 0)
		c->turn_began = now;
	if (now - c->turn_began < HTTP_TURN_US)
		return true;
	front_place(c, PLACE_NEXT);
	return false;
}

static bool begin_request(struct conn *c)
{
	struct front *f = c->front;
	uint64_t now = http_now_us();
	if (!is_its_turn(c, now))
		return false;
	struct http_exchange *x = exchange_new(f);
	if (x == NULL) {
		c->dead = true;
		return false;
	}
	x->conn = c;
	x->since = now;
	c->reading = x;
	c->taken = 0;
	front_place(c, PLACE_BUSY);
	http_reader_begin(&c->reader, &x->req, &x->arena, &x->req_body);
	x->req.local = c->local;
	x->req.uid = c->uid;
	x->req.pid = c->pid;
	c->read_due = now / 1000 + f->server->o.header_ms;
	return true;
}

/* Refusals that leave the connection usable: there is no body to skip. */
static void refuse_route(struct conn *c, int status, unsigned allow)
{
	struct http_exchange *x = c->reading;
	char methods[64];
	const char *detail = status == 404   ? "there is nothing at this path"
			     : status == 405 ? "the path is there, the method isn't"
					     : "the path is badly percent-coded";
	if (status == 405) {
		router_allow(allow, methods, sizeof methods);
		http_set(x, "Allow", methods);
	}
	if (c->reader.chunked || c->reader.length > 0) {
		refuse(c, status, detail);
		return;
	}
	c->closing |= !x->keep_alive || c->front->draining;
	push(c, x);
	http_problem(x, status, NULL, detail, NULL);
}

static bool may_enter(const struct http_exchange *x)
{
	return x->route->access == HTTP_ANY ||
	       (x->req.local && (x->req.uid == 0 || x->req.uid == geteuid()));
}

/* A peer may send as large a head as it likes, to the limit, but not all peers at once. */
static bool may_hold_head(struct conn *c)
{
	size_t n = c->reading->arena.used, had = USUAL_HEAD + c->reading->reserved;
	return n <= had || reserve_body(c, n - had) == 0;
}

/* The head is there: route, rights, room for the body.  True: read on. */
static bool take_head(struct conn *c)
{
	struct http_exchange *x = c->reading;
	struct http_server *s = c->front->server;
	struct http_reader *r = &c->reader;
	unsigned allow;
	x->http10 = r->http10;
	x->keep_alive = r->keep_alive;
	int status = router_find(s, x, &allow);
	if (status != 0) {
		refuse_route(c, status, allow);
		return false;
	}
	if (!may_enter(x)) {
		refuse(c, 403, "this is answered over the daemon's own socket alone");
		return false;
	}
	c->read_due = x->since / 1000 + s->o.request_ms;
	c->reads = (struct pace){.since = http_now_ms(), .moved = c->taken};
	if (http_reader_body(r, x->route->max_body) == HTTP_READ_BAD) {
		refuse(c, r->status, r->detail);
		return false;
	}
	c->continues = r->expect && r->stage == HTTP_READ_MORE;
	return true;
}

static void dispatch(struct conn *c)
{
	struct http_exchange *x = c->reading;
	if (!x->keep_alive || c->front->draining)
		c->closing = true;
	count(&c->front->n.requests, 1);
	x->since = http_now_us();
	push(c, x);
	x->route->handle(x, c->front->server->o.ctx);
}

/* Between requests: is there room for one more? */
static bool may_begin(const struct conn *c)
{
	if (c->closing || c->dead || c->pending >= HTTP_PIPELINE || c->place == PLACE_NEXT)
		return false;
	if (c->first != NULL && c->first->http10)
		return false;
	size_t held = c->queued + unsent(c);
	return held == 0 || (held < HTTP_QUEUED && !answers_run_out(c->front->server));
}

static void read_on(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	struct evbuffer_iovec v;
	while ((c->reading != NULL || may_begin(c)) && !c->closing && !c->dead &&
	       evbuffer_peek(in, -1, NULL, &v, 1) > 0 && v.iov_len > 0) {
		if (c->reading == NULL && !begin_request(c))
			return;
		struct http_reader *r = &c->reader;
		size_t used;
		http_reader_feed(r, v.iov_base, v.iov_len, &used);
		evbuffer_drain(in, used);
		count(&c->front->n.bytes_in, used);
		c->taken += used;
		if (c->reading->route == NULL && !may_hold_head(c)) {
			refuse(c, 503, "too many requests are being read; try again");
			return;
		}
		if (r->stage == HTTP_READ_HEAD && !take_head(c))
			continue;
		if (r->stage == HTTP_READ_BAD)
			refuse(c, r->status, r->detail);
		else if (r->stage == HTTP_READ_DONE)
			dispatch(c);
	}
}

/* --- a turn ------------------------------------------------------------------------------------
 */

static void linger(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	c->lingering = true;
	evbuffer_drain(in, evbuffer_get_length(in));
	shutdown(bufferevent_getfd(c->bev), SHUT_WR);
	front_place(c, PLACE_BUSY);
	c->read_due = c->placed + HTTP_LINGER_MS;
}

static void account(struct conn *c, size_t left)
{
	if (c->charged > left) {
		atomic_fetch_sub_explicit(&c->front->server->answer_bytes, c->charged - left,
					  memory_order_relaxed);
		c->charged = left;
	}
	if (c->first != NULL && c->first->streaming)
		stream_held(c->first, left);
}

/* What can't be used yet is left to the kernel, and so to the peer.  No high watermark: libevent
 * calls its callback again and again while one is reached. */
static void read_ahead(struct conn *c)
{
	bool full = c->reading == NULL && !c->closing &&
		    evbuffer_get_length(bufferevent_get_input(c->bev)) >= HTTP_AHEAD;
	if (full == c->full || c->dead)
		return;
	c->full = full;
	c->dead |=
	    (full ? bufferevent_disable(c->bev, EV_READ) : bufferevent_enable(c->bev, EV_READ)) < 0;
}

/* After all that could be done was done: what is waited for now, and how long?  C may be freed. */
static void settle(struct conn *c)
{
	size_t left = unsent(c);
	bool starved = c->eof && evbuffer_get_length(bufferevent_get_input(c->bev)) == 0;
	account(c, left);
	read_ahead(c);
	if (starved || (c->eof && c->closing)) {
		/* Half closed, perhaps: what is under way is answered, nothing more is coming. */
		c->closing = true;
		if (c->reading != NULL)
			exchange_free(c->reading);
		c->reading = NULL;
	}
	bool stay = c->refused && !c->eof && !c->front->draining;
	if (c->dead || (c->closing && c->first == NULL && left == 0 && !stay)) {
		conn_free(c);
		return;
	}
	if (left == 0)
		c->writes.since = 0;
	else if (c->writes.since == 0)
		c->writes = (struct pace){http_now_ms(), c->put - left};
	if (c->reading != NULL)
		return;
	c->reads.since = 0;
	if (c->closing && c->first == NULL && left == 0) {
		if (!c->lingering)
			linger(c);
	} else if (c->first != NULL || left > 0 || c->place == PLACE_NEXT) {
		c->read_due = 0;
	} else {
		be_idle(c);
	}
}

void conn_turn(struct conn *c)
{
	if (c->busy)
		return;
	c->busy = true;
	c->turn_began = 0;
	struct evbuffer *in = bufferevent_get_input(c->bev);
	do {
		read_on(c);
		flush(c);
	} while (may_begin(c) && c->reading == NULL && evbuffer_get_length(in) > 0);
	c->busy = false;
	settle(c);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;
	if (c->closing) {
		struct evbuffer *in = bufferevent_get_input(bev);
		evbuffer_drain(in, evbuffer_get_length(in));
	}
	conn_turn(c);
}

static void on_write(struct bufferevent *bev, void *arg)
{
	(void)bev;
	conn_turn(arg);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;
	(void)bev;
	if (what & BEV_EVENT_ERROR)
		c->dead = true;
	else if (what & BEV_EVENT_EOF)
		c->eof = true;
	for (struct http_exchange *x = c->first; x != NULL && c->eof; x = x->next)
		exchange_left(x);
	conn_turn(c);
}

/* --- deadlines ---------------------------------------------------------------------------------
 */

/* Since it was last looked at, a slice in MS? */
static bool keeps_pace(struct pace *p, uint64_t moved, uint64_t now, uint64_t ms)
{
	if (p->since == 0 || now < p->since + ms)
		return true;
	if (moved - p->moved < HTTP_SLICE)
		return false;
	*p = (struct pace){now, moved};
	return true;
}

static bool reads_answers(struct conn *c, uint64_t now)
{
	const struct http_server *s = c->front->server;
	bool hurry = answers_run_out(s) && s->o.write_ms > HURRY_MS;
	return keeps_pace(&c->writes, c->put - unsent(c), now, hurry ? HURRY_MS : s->o.write_ms);
}

static bool sends_request(struct conn *c, uint64_t now)
{
	if (c->read_due != 0 && now >= c->read_due)
		return false;
	return c->reading == NULL || c->reading->reserved <= HTTP_SMALL ||
	       !bodies_run_out(c->front->server) || keeps_pace(&c->reads, c->taken, now, HURRY_MS);
}

static void refuse_now(struct conn *c, int status, const char *detail)
{
	c->busy = true;
	refuse(c, status, detail);
	c->busy = false;
	conn_turn(c);
}

void conn_tick(struct conn *c, uint64_t now)
{
	if (!reads_answers(c, now)) {
		count(&c->front->n.timeouts, 1);
		cut_off(c);
		settle(c);
	} else if (!sends_request(c, now)) {
		count(&c->front->n.timeouts, !c->lingering);
		if (c->reading != NULL) {
			refuse_now(c, 408, "the request didn't arrive in time");
			return;
		}
		c->dead = true;
		settle(c);
	}
}

bool conn_is_waited_for(const struct conn *c, uint64_t now)
{
	if (c->place == PLACE_IDLE)
		return true;
	return now - c->placed >= PATIENCE_MS &&
	       ((c->reading != NULL && c->first == NULL) || unsent(c) > 0 || c->lingering);
}

/* What was asked for as a whole is answered; nothing else is waited for. */
void conn_drain(struct conn *c)
{
	c->dead |= c->lingering;
	if (c->reading != NULL) {
		refuse_now(c, 503, "the daemon is stopping");
		return;
	}
	c->closing = true;
	conn_turn(c);
}
