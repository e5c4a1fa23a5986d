#include "inside.h"

#include <stdio.h>

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

void pieces_free(struct piece *p)
{
	while (p != NULL) {
		struct piece *next = p->next;
		free(p);
		p = next;
	}
}

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

void http_stream_end(struct http_exchange *x, bool whole)
{
	if (x->lost || hand_over(x) != SY_OK)
		whole = false;
	pthread_mutex_lock(&x->front->mu);
	x->whole = whole;
	pthread_mutex_unlock(&x->front->mu);
	exchange_post(x, true);
}
