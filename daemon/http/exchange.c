#include "inside.h"

#include <stdio.h>

enum { SPARE = 64 };

/*
 * A run of a stream's bytes.  It is framed as a chunk in place, room for that left at both ends,
 * so that a slice goes to the socket without being copied again.
 */
enum { FRAME = 10, TAIL = 2 }; /* "00004000" CR LF … CR LF: leading zeros are legal */

struct piece {
	struct piece *next;
	size_t n;
	char data[FRAME + HTTP_PIECE + TAIL];
};

static struct piece *piece_new(void)
{
	struct piece *p = malloc(sizeof *p);
	if (p != NULL)
		p->next = NULL, p->n = 0;
	return p;
}

static void pieces_free(struct piece *p)
{
	while (p != NULL) {
		struct piece *next = p->next;
		free(p);
		p = next;
	}
}

struct http_exchange *exchange_new(struct front *f)
{
	struct http_exchange *x = f->spare;
	if (x != NULL) {
		f->spare = x->next;
		f->n_spare--;
		x->next = NULL;
		return x;
	}
	if ((x = calloc(1, sizeof *x)) == NULL)
		return NULL;
	if (pthread_cond_init(&x->room, NULL) != 0) {
		free(x);
		return NULL;
	}
	x->front = f;
	x->pieces_end = &x->pieces;
	return x;
}

void exchange_destroy(struct http_exchange *x)
{
	pieces_free(x->pieces);
	pieces_free(x->gather);
	pthread_cond_destroy(&x->room);
	sy_arena_free(&x->arena);
	sy_buf_free(&x->req_body);
	sy_buf_free(&x->extra);
	sy_buf_free(&x->body);
	free(x);
}

static void give_back(struct http_exchange *x)
{
	struct http_server *s = x->front->server;
	if (x->reserved > 0)
		atomic_fetch_sub_explicit(&s->body_bytes, x->reserved, memory_order_relaxed);
	if (x->charged > 0)
		atomic_fetch_sub_explicit(&s->answer_bytes, x->charged, memory_order_relaxed);
	x->reserved = x->charged = 0;
}

static struct sy_buf emptied(struct sy_buf b)
{
	if (b.cap > HTTP_KEEP || b.failed)
		sy_buf_free(&b);
	else
		sy_buf_reset(&b);
	return b;
}

void exchange_free(struct http_exchange *x)
{
	struct front *f = x->front;
	give_back(x);
	if (f->n_spare >= SPARE || x->begun) {
		exchange_destroy(x);
		return;
	}
	sy_arena_reset(&x->arena);
	x->arena.budget = NULL;
	struct http_exchange *next = f->spare;
	x->next = next;
	x->conn = NULL;
	x->req_body = emptied(x->req_body);
	x->extra = emptied(x->extra);
	x->body = emptied(x->body);
	x->route = NULL;
	x->status = 0;
	x->type[0] = '\0';
	x->retry_after = x->ended = x->answered = x->head_sent = false;
	x->gone = x->left = false;
	x->sent = 0;
	f->spare = x;
	f->n_spare++;
}

void exchange_orphan(struct http_exchange *x)
{
	struct front *f = x->front;
	x->conn = NULL;
	if (x->answered) {
		exchange_free(x);
		return;
	}
	pthread_mutex_lock(&f->mu);
	x->gone = true;
	pthread_cond_broadcast(&x->room);
	pthread_mutex_unlock(&f->mu);
}

void exchange_left(struct http_exchange *x)
{
	pthread_mutex_lock(&x->front->mu);
	x->left = true;
	pthread_mutex_unlock(&x->front->mu);
}

bool http_gone(struct http_exchange *x)
{
	pthread_mutex_lock(&x->front->mu);
	bool gone = x->gone;
	pthread_mutex_unlock(&x->front->mu);
	return gone;
}

bool http_left(struct http_exchange *x)
{
	pthread_mutex_lock(&x->front->mu);
	bool left = x->gone || x->left;
	pthread_mutex_unlock(&x->front->mu);
	return left;
}

/* The last exchange that comes back to a closed front takes the front along. */
static bool came_back_late(struct http_exchange *x)
{
	struct front *f = x->front;
	give_back(x);
	exchange_destroy(x);
	return --f->lent == 0;
}

/* Under F's lock: onto its list.  True: F is closed, and X was the last it waited for. */
static bool post(struct front *f, struct http_exchange *x, bool ended)
{
	x->ended = ended;
	if (f->closed)
		return ended && came_back_late(x);
	if (x->posted)
		return false;
	/* Woken under the lock: once it is let go, X and even the front may be freed. */
	if (f->mail == NULL)
		front_wake(f);
	x->posted = true;
	x->next_mail = NULL;
	*f->mail_end = x;
	f->mail_end = &x->next_mail;
	return false;
}

/* What this thread holds back, by next_mail; a stream's exchange isn't held. */
static _Thread_local struct {
	bool on;
	struct http_exchange *first, **end;
} kept;

void exchange_post(struct http_exchange *x, bool ended)
{
	struct front *f = x->front;
	if (kept.on && ended && !x->begun) {
		x->next_mail = NULL;
		*kept.end = x;
		kept.end = &x->next_mail;
		return;
	}
	pthread_mutex_lock(&f->mu);
	bool last = post(f, x, ended);
	pthread_mutex_unlock(&f->mu);
	if (last)
		front_free(f);
}

void http_hold(void)
{
	kept.on = true;
	kept.first = NULL;
	kept.end = &kept.first;
}

/* All of the first one's front; those of others stay held. */
static void post_for_one(void)
{
	struct http_exchange *x, **at = &kept.first;
	struct front *f = kept.first->front;
	bool last = false;
	pthread_mutex_lock(&f->mu);
	while ((x = *at) != NULL)
		if (x->front == f) {
			*at = x->next_mail;
			last |= post(f, x, true);
		} else {
			at = &x->next_mail;
		}
	pthread_mutex_unlock(&f->mu);
	if (last)
		front_free(f);
}

void http_release(void)
{
	kept.on = false;
	while (kept.first != NULL)
		post_for_one();
}

/* --- streams: pieces on their way
 * -----------------------------------------------------------------
 */

static void piece_done(const void *data, size_t n, void *piece)
{
	(void)data, (void)n;
	free(piece);
}

static int add_piece(struct evbuffer *out, struct piece *p, bool chunked)
{
	char frame[FRAME + 1];
	if (!chunked)
		return evbuffer_add_reference(out, p->data + FRAME, p->n, piece_done, p);
	snprintf(frame, sizeof frame, "%08zx\r\n", p->n);
	memcpy(p->data, frame, FRAME);
	memcpy(p->data + FRAME + p->n, "\r\n", TAIL);
	return evbuffer_add_reference(out, p->data, FRAME + p->n + TAIL, piece_done, p);
}

size_t stream_take(struct http_exchange *x, struct evbuffer *out, bool discard)
{
	struct front *f = x->front;
	pthread_mutex_lock(&f->mu);
	struct piece *p = x->pieces;
	x->pieces = NULL;
	x->pieces_end = &x->pieces;
	bool cut = x->answered && !x->whole;
	pthread_mutex_unlock(&f->mu);

	size_t before = evbuffer_get_length(out);
	while (p != NULL) {
		struct piece *next = p->next;
		if (discard || add_piece(out, p, !x->http10) < 0) {
			x->conn->dead |= !discard;
			free(p);
		}
		p = next;
	}
	if (x->answered && !cut && !discard && !x->http10)
		x->conn->dead |= evbuffer_add(out, "0\r\n\r\n", 5) < 0;
	return evbuffer_get_length(out) - before;
}

void stream_held(struct http_exchange *x, size_t held)
{
	struct front *f = x->front;
	pthread_mutex_lock(&f->mu);
	for (const struct piece *p = x->pieces; p != NULL; p = p->next)
		held += p->n;
	x->held = held;
	if (held <= HTTP_SLICE)
		pthread_cond_broadcast(&x->room);
	pthread_mutex_unlock(&f->mu);
}

/* --- the writer's side -------------------------------------------------------------------------
 */

/* Hands the gathered bytes over, once there is room for them. */
static int hand_over(struct http_exchange *x)
{
	struct front *f = x->front;
	struct piece *p = x->gather;
	int err = SY_OK;
	if (p == NULL)
		return SY_OK;
	x->gather = NULL;
	pthread_mutex_lock(&f->mu);
	while (!x->gone && x->held > HTTP_SLICE && http_front_here != f)
		pthread_cond_wait(&x->room, &f->mu);
	if (x->gone) {
		err = SY_EIO;
	} else if (x->held > HTTP_SLICE) {
		err = SY_EBUSY; /* a front may not wait for itself */
	} else {
		*x->pieces_end = p;
		x->pieces_end = &p->next;
		x->held += p->n;
	}
	pthread_mutex_unlock(&f->mu);
	if (err != SY_OK) {
		x->lost = true;
		free(p);
		return err;
	}
	exchange_post(x, false);
	return SY_OK;
}

int http_stream_begin(struct http_exchange *x, int status, const char *type)
{
	x->status = status;
	snprintf(x->type, sizeof x->type, "%s", type != NULL ? type : "");
	struct front *f = x->front;
	pthread_mutex_lock(&f->mu);
	x->begun = true;
	pthread_mutex_unlock(&f->mu);
	exchange_post(x, false);
	return SY_OK;
}

int http_stream_write(struct http_exchange *x, struct sy_str bytes)
{
	while (bytes.n > 0) {
		if (x->gather == NULL && (x->gather = piece_new()) == NULL) {
			x->lost = true;
			return SY_ENOMEM;
		}
		struct piece *p = x->gather;
		size_t n = HTTP_PIECE - p->n < bytes.n ? HTTP_PIECE - p->n : bytes.n;
		memcpy(p->data + FRAME + p->n, bytes.p, n);
		p->n += n;
		bytes.p += n, bytes.n -= n;
		int err = p->n == HTTP_PIECE ? hand_over(x) : SY_OK;
		if (err != SY_OK)
			return err;
	}
	return SY_OK;
}

void http_stream_cut(struct http_exchange *x)
{
	pthread_mutex_lock(&x->front->mu);
	x->gone = true;
	pthread_cond_broadcast(&x->room);
	pthread_mutex_unlock(&x->front->mu);
}

void http_stream_end(struct http_exchange *x, bool whole)
{
	if (x->lost || hand_over(x) != SY_OK)
		whole = false;
	pthread_mutex_lock(&x->front->mu);
	x->whole = whole;
	pthread_mutex_unlock(&x->front->mu);
	exchange_post(x, true);
}
